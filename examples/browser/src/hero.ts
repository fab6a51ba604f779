import type { Latents, RawImage } from '@glow-onnx/runtime';
import type { App } from './app.js';
import { withArticle } from './model/words.js';
import { differingText, dissolved } from './pixels.js';
import { el } from './ui/dom.js';
import { latentGrid, latentPicture, levelShapes } from './ui/latent-picture.js';
import { player } from './ui/player.js';
import { type Screen, screen } from './ui/screen.js';

/** The steps from one picture to the next, with the latents of each step. */
interface Take {
  readonly start: RawImage;
  /** From the start, decoded, to the next picture. */
  readonly frames: readonly RawImage[];
  readonly z: readonly Latents[];
}

const steps = 9;
/** The most pictures that take turns, and the most levels that are drawn. */
const most = 8;
const mostLevels = 4;

/** The opening: a picture dissolves into its latents, is decoded again, and turns into the next picture. */
export function mountHero(hero: { claim: HTMLElement; stage: HTMLElement }, app: App): void {
  const { one } = app.words;
  const values = app.config.channels * app.config.height * app.config.width;
  const before = app.screen(withArticle(one), 192);
  const after = app.screen(`The same ${one}, decoded from its numbers`, 192);
  const levels = levelShapes(app.config).map((shape, level) => ({
    ...screen(`The numbers of the ${one}, level ${level + 1}`, { ...latentGrid(shape), box: 182 }),
    caption: `${shape.reduce((product, extent) => product * extent, 1)} numbers`,
  }));
  const verdict = el('p', { className: 'verdict' });
  const bar = el('progress', { max: 1, value: 0, attributes: { 'aria-label': 'Model download' } });
  const numbers = el(
    'div',
    { className: 'latents' },
    ...levels.slice(0, mostLevels).map((level) => figure(level, level.caption)),
  );
  const reel = player(`Next ${one}`, numbers, app.ended); // the folded opening has no numbers, and stands still
  const { controls, animate, finish, still } = reel;
  let isLoading = true;
  hero.claim.replaceChildren(
    `${withArticle(one)} becomes ${values} numbers, and `,
    el('em', {}, 'comes back'),
    '.',
  );
  hero.stage.replaceChildren(
    figure(before, `${app.config.width}×${app.config.height} pixels`, 'before'),
    numbers,
    el('div', { className: 'foot' }, el('div', { className: 'result' }, verdict, bar), ...controls),
    figure(after, 'decoded', 'after'),
  );
  hero.stage.classList.add('waiting');
  app.onProgress((loaded, total) => {
    bar.value = loaded / total;
    if (isLoading) verdict.textContent = loadingText(loaded, total);
  });
  app.onModel(() => {
    isLoading = false;
    bar.value = 1;
    bar.className = 'done';
  });

  const pictures = app.examples.slice(0, most).map(({ image }) => image);
  const count = pictures.length;
  let takes = new Map<number, Promise<Take>>();
  let playing = false;
  /** Plays until a take fails. Starts again if the model was replaced meanwhile, since the old model may have failed it. */
  async function start(): Promise<void> {
    takes = new Map();
    if (playing) return;
    playing = true;
    let tried: typeof takes;
    do {
      tried = takes;
      await play().catch((error) => {
        if (tried === takes) app.fail(error);
      });
    } while (tried !== takes && !app.ended.aborted);
    playing = false;
  }
  app.onModel(start);
  const takeOf = (from: number): Promise<Take> => {
    const take =
      takes.get(from) ?? film(app, pictures[from] as RawImage, pictures[(from + 1) % count] as RawImage);
    takes.set(from, take);
    return take;
  };

  function show(take: Take, frame: number, encoded = 1, decoded = 1): void {
    const image = take.frames[frame] as RawImage;
    hero.stage.classList.remove('waiting');
    before.show(dissolved(frame === 0 ? take.start : image, 1 - 0.75 * encoded * (1 - decoded)));
    after.show(dissolved(image, decoded));
    for (const [i, level] of (take.z[frame] as Latents).levels.entries()) {
      levels[i]?.show(dissolved(latentPicture(level), encoded));
    }
  }

  /** Shows the pictures in turn while the model loads. */
  async function parade(until: Promise<unknown>): Promise<void> {
    let [waiting, index] = [!still, 0];
    const end = () => {
      waiting = false;
      if (reel.isOut) reel.skip();
    };
    until.then(end, end);
    if (isLoading) verdict.textContent = 'Loading the model …';
    while (waiting && !app.ended.aborted) {
      const image = pictures[index++ % count] as RawImage;
      await animate(500, (p) => before.show(dissolved(image, p)));
      await animate(400, () => {});
      finish();
    }
  }

  async function play(): Promise<void> {
    await parade(new Promise((resolve) => app.onModel(resolve)));
    for (let index = 0; !app.ended.aborted; index = (index + 1) % count) {
      const take = await takeOf(index);
      if (reel.isOut) reel.skip();
      verdict.textContent = '…';
      await animate(900, (p) => show(take, 0, p, 0));
      await animate(900, (p) => show(take, 0, 1, p));
      verdict.textContent = differingText(take.start, take.frames[0] as RawImage);
      finish();
      takeOf((index + 1) % count).catch(() => undefined);
      await animate(2200, () => {});
      await animate(steps * 110, (p) => show(take, Math.min(Math.floor(p * steps), steps - 1)));
    }
  }

  before.show(pictures[0] as RawImage);
  start();
}

async function film(app: App, from: RawImage, to: RawImage): Promise<Take> {
  const start = await app.read(from);
  const frames = await app.run(steps, (model) => model.interpolate(start, to, { steps, fit: 'cover' }));
  const { z } = await app.run(steps, (model) => model.encode(frames));
  return { start, frames, z };
}

/** 'Loading the model: 2.1 of 7.4 MB'. After the download, the device gets ready and is tested. */
function loadingText(loaded: number, total: number): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return loaded < total ? `Loading: ${megabytes(loaded)} of ${megabytes(total)} MB` : 'Starting the model …';
}

const figure = ({ canvas }: Screen, caption: string, className = '') =>
  el('figure', { className }, canvas, el('figcaption', {}, caption));

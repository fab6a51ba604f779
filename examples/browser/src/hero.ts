import type { Latents, RawImage } from '@glow-onnx/runtime';
import type { App } from './app.js';
import { faceLevels, latentGrid, latentPicture } from './latent-picture.js';
import { differing, dissolved } from './pixels.js';
import { el } from './ui/dom.js';
import { player } from './ui/player.js';
import { type Screen, screen } from './ui/screen.js';

/** The steps from one face to the next, with the latents of each step. */
interface Take {
  readonly start: RawImage;
  /** From the start, decoded, to the next face. */
  readonly frames: readonly RawImage[];
  readonly z: readonly Latents[];
}

const steps = 9;
const count = 8;

/** The opening: a face dissolves into its latents, is decoded again, and turns into the next face. */
export function mountHero(stage: HTMLElement, app: App): void {
  const before = screen('A face', { scale: 12 });
  const after = screen('The same face, decoded from its latents', { scale: 12 });
  const levels = faceLevels.map((shape, level) =>
    screen(`Latents of the face, level ${level}`, { ...latentGrid(shape), scale: 7 }),
  );
  const verdict = el('p', { className: 'verdict' });
  const { controls, animate, finish, still } = player();
  stage.append(
    figure(before, '16×16 pixels', 'before'),
    el(
      'div',
      { className: 'latents' },
      ...levels.map((level, i) => figure(level, `z${i} ${faceLevels[i]?.join('×')}`)),
    ),
    el('div', { className: 'foot' }, verdict, ...controls),
    figure(after, 'decoded', 'after'),
  );

  const dressedUp = app.faces.filter(({ labels }) => labels.glasses !== 'none' || labels.hat !== 'none');
  const faces = dressedUp.slice(0, count).map(({ image }) => image);
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
    } while (tried !== takes);
    playing = false;
  }
  app.onModel(start);
  const takeOf = (from: number): Promise<Take> => {
    const take = takes.get(from) ?? film(app, faces[from] as RawImage, faces[(from + 1) % count] as RawImage);
    takes.set(from, take);
    return take;
  };

  function show(take: Take, frame: number, encoded = 1, decoded = 1): void {
    const image = take.frames[frame] as RawImage;
    before.show(dissolved(frame === 0 ? take.start : image, 1 - 0.75 * encoded * (1 - decoded)));
    after.show(dissolved(image, decoded));
    for (const [i, level] of (take.z[frame] as Latents).levels.entries()) {
      levels[i]?.show(dissolved(latentPicture(level), encoded));
    }
  }

  /** Shows the faces in turn while the model loads. */
  async function parade(until: Promise<unknown>): Promise<void> {
    let [waiting, face] = [!still, 0];
    const end = () => {
      waiting = false;
    };
    until.then(end, end);
    verdict.textContent = 'Loading the model …';
    while (waiting) {
      const image = faces[face++ % count] as RawImage;
      await animate(500, (p) => before.show(dissolved(image, p)));
      await animate(400, () => {});
      finish();
    }
  }

  async function play(): Promise<never> {
    await parade(new Promise((resolve) => app.onModel(resolve)));
    for (let face = 0; ; face = (face + 1) % count) {
      const take = await takeOf(face);
      verdict.textContent = '…';
      await animate(900, (p) => show(take, 0, p, 0));
      await animate(900, (p) => show(take, 0, 1, p));
      const changed = differing(take.start, take.frames[0] as RawImage);
      verdict.textContent = `${changed} of ${take.start.data.length} values differ`;
      finish();
      takeOf((face + 1) % count).catch(() => undefined);
      await animate(2200, () => {});
      await animate(steps * 110, (p) => show(take, Math.min(Math.floor(p * steps), steps - 1)));
    }
  }

  before.show(faces[0] as RawImage);
  start();
}

async function film(app: App, from: RawImage, to: RawImage): Promise<Take> {
  const start = await app.read(from);
  const frames = await app.run(steps, (model) => model.interpolate(start, to, { steps, fit: 'cover' }));
  const { z } = await app.run(steps, (model) => model.encode(frames));
  return { start, frames, z };
}

const figure = ({ canvas }: Screen, caption: string, className = '') =>
  el('figure', { className }, canvas, el('figcaption', {}, caption));

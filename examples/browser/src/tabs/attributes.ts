import type { Latents, RawImage, Score } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { differingText } from '../pixels.js';
import { exampleIn } from '../share/settings.js';
import { shareable } from '../share/shareable.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { latestWins } from '../ui/latest-wins.js';
import { pictureInput } from '../ui/picture-input.js';
import { takePicture } from '../ui/take-picture.js';
import { type DirectionSlider, directionSlider } from './direction-slider.js';
import { addDirections, type Direction, loadDirections } from './directions.js';
import { makeYourOwn } from './make-your-own.js';
import { isUnusual } from './verdict.js';
import './attributes.css';

/** Draws of noise per score. */
const draws = 8;

/** An image, and sliders that move its latents, such as towards a laugh or long hair. */
export function mountAttributes(panel: HTMLElement, app: App): void {
  const { one, many, knows } = app.words;
  const before = app.screen(`The original ${one}`, 96);
  const after = app.screen(`The ${one} with the sliders applied`, 288);
  const difference = el('p', { className: 'note' });
  const stranger = el('p', { className: 'stranger', hidden: true });
  const sliders = el('div', { className: 'directions' });
  const rows: DirectionSlider[] = [];
  const withoutSliders = `This model brings no sliders. Below, make one of ${many} of your choice.`;
  let picked = (app.examples[app.words.slidersFrom] ?? app.examples[0])?.image as RawImage;
  let image = picked;
  let edited = image;
  let z: Latents | undefined;

  const show = latestWins(async () => {
    if (!z) return; // shown when it is encoded
    const latents = addDirections(z, rows);
    [edited = image] = await app.run(1, (model) => model.decode(latents));
    after.show(edited);
    difference.textContent = differingText(image, edited);
  }, app.fail);

  const encode = latestWins(async () => {
    const read = await app.read(picked);
    const encoded = await app.run(1, (model) => model.encode(read));
    image = read;
    [z] = encoded.z;
    before.show(image);
    await show();
    const [score] = await app.run(draws, (model) => model.score(read, { draws }));
    stranger.hidden = !isUnusual(score as Score);
  }, app.fail);

  function pick(next: RawImage): void {
    picked = next;
    encode();
  }

  const link = shareable(panel, app);
  link.add(
    one,
    exampleIn(app.examples, () => picked, pick),
  );

  function addSlider(direction: Direction): DirectionSlider {
    const row = directionSlider(direction, show);
    rows.push(row);
    sliders.append(row.element);
    return row;
  }

  let arriving: Promise<void> | undefined;
  /** Loads the sliders that come with the model, once. After a failure the next call loads them again. */
  function loadSliders(): Promise<void> {
    arriving ??= (async () => {
      try {
        const model = await new Promise(app.onModel);
        const directions = await loadDirections(model, app.companion.read);
        for (const direction of directions) link.add(direction.label, addSlider(direction).setting);
        link.complete();
        if (directions.length === 0) sliders.append(el('p', {}, withoutSliders));
      } catch (error) {
        arriving = undefined;
        throw error;
      }
    })();
    return arriving;
  }

  /** Moves all sliders, as soon as they are loaded, to as many strengths. */
  async function setAll(strengthsOf: (count: number) => readonly number[]): Promise<void> {
    try {
      await loadSliders();
    } catch (error) {
      return app.fail(error);
    }
    for (const [i, strength] of strengthsOf(rows.length).entries())
      (rows[i] as DirectionSlider).strength = strength;
    await show();
    app.say(difference.textContent as string);
  }
  const own = makeYourOwn(app, {
    image: () => image,
    onDirection(direction) {
      addSlider(direction).strength = 1;
      show();
    },
  });
  const reset = el('button', { type: 'button', onclick: () => setAll(zeros) }, 'All to 0');
  const surprise = el('button', { type: 'button', onclick: () => setAll(surprises) }, 'Surprise me');
  const keep = el('button', { type: 'button', onclick: () => app.keep(edited) }, `Keep this ${one}`);
  const stage = el(
    'figure',
    { className: 'edited' },
    after.canvas,
    el('figcaption', {}, before.canvas, difference),
  );
  acceptDrops(stage, (dropped) => takePicture(app, dropped, pick));
  panel.append(
    el(
      'p',
      {},
      `Each slider moves the numbers of the ${one} in one direction. With all sliders at 0, every pixel is unchanged.`,
    ),
    el(
      'div',
      { className: 'editor' },
      stage,
      el('div', {}, el('div', { className: 'row' }, surprise, reset, keep, link.button), stranger, sliders),
    ),
    pictureInput(app, {
      label: `The ${one}`,
      examples: app.examples.slice(0, 18).map((example) => example.image),
      onPick: pick,
    }),
    own,
  );

  stranger.textContent =
    `This is not a picture that the model knows: it knows only ${knows}. ` +
    'The sliders learned from those alone, so they smear this one.';
  panel.addEventListener('open', () => loadSliders().catch(app.fail), { signal: app.ended });
  app.onPicture((given) => pick(given.image));
  app.onModel(encode);
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

/** Random strengths for one of the sliders, and for about a third of the others. */
function surprises(count: number): number[] {
  const certain = Math.floor(count * Math.random());
  return zeros(count).map((_, i) => (i === certain || Math.random() < 1 / 3 ? anyStrength() : 0));
}

/** A step of a slider, but not 0. */
function anyStrength(): number {
  const size = Math.ceil(20 * (1 - Math.random())) / 20;
  return Math.random() < 1 / 2 ? -size : size;
}

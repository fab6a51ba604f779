import type { RawImage, Score } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { capitalised } from '../model/words.js';
import { differing } from '../pixels.js';
import { cameraButton } from '../ui/camera.js';
import { el } from '../ui/dom.js';
import { latestWins } from '../ui/latest-wins.js';
import { picture } from '../ui/screen.js';
import { drawOriginal } from './original.js';
import { histogramOf, verdict } from './verdict.js';
import './picture.css';

/** CSS pixels of each image, and draws of noise per score. */
const box = 208;
const draws = 8;

const nextTabs = {
  encode: 'See its numbers',
  attributes: 'Change it',
  morph: 'Morph it',
  restore: 'Paint on it',
  strangers: 'Compare it',
};

interface Shown {
  readonly name: string;
  readonly image: RawImage;
  /** Absent for an example. */
  readonly original?: ImageBitmap;
}

/** A picture of the user: what the model sees of it, its reconstruction, and whether it is typical. */
export function mountPicture(panel: HTMLElement, app: App): void {
  const { config, words } = app;
  const original = el('canvas', { role: 'img', ariaLabel: 'The picture as given', className: 'original' });
  const seen = app.screen('The picture as the model sees it', box);
  const back = app.screen('The picture decoded from its numbers', box);
  const given = el('figcaption', {}, 'the picture');
  const [name, comesBack, title, text] = [el('h2'), el('p'), el('h3', {}, 'Is it typical?'), el('p')];
  let shown: Shown | undefined;

  const compute = latestWins(async (now: Shown, isAsked: boolean) => {
    seen.show(now.image);
    const [same] = await app.run(2, (model) => model.reconstruct(now.image)).catch(noImage);
    if (same) back.show(same);
    comesBack.textContent = comesBackText(now.image, same, words.many);
    const [score] = await app.run(draws, (model) => model.score(now.image, { draws }));
    const result = verdict(score as Score, await app.run(0, histogramOf), words.many);
    title.textContent = capitalised(result.title);
    text.textContent = `${result.text} This model knows only ${words.knows}.`;
    if (isAsked) app.say(`${now.name}: ${result.title}.`);
  }, app.fail);

  function show(next: Shown, isAsked: boolean): void {
    shown = next;
    name.textContent = next.name;
    given.textContent = next.original ? 'your picture; the model gets the bright part' : 'the picture';
    drawOriginal(original, next.original ?? next.image, box, config);
    compute(next, isAsked);
  }
  async function showExample(i: number, isAsked: boolean): Promise<void> {
    const image = await app.read(app.examples[i]?.image as RawImage);
    show({ name: `Example: ${words.one} ${i + 1}`, image }, isAsked);
  }

  const file = el('input', { type: 'file', accept: 'image/png,image/jpeg,image/webp', className: 'file' });
  file.addEventListener('change', () => {
    const [first] = file.files ?? [];
    if (first) app.take(first, first.name);
    file.value = '';
  });
  const examples = app.examples.slice(0, 6).map(({ image }, i) => {
    const label = `${capitalised(words.one)} ${i + 1}`;
    const onclick = () => showExample(i, true).catch(app.fail);
    return el('button', { type: 'button', title: label, onclick }, picture(image, label, 48));
  });
  const next = Object.entries(nextTabs).map(([tab, label]) =>
    el('button', { type: 'button', onclick: () => app.goTo(tab) }, label),
  );

  panel.append(
    el(
      'div',
      { className: 'row give' },
      el('label', { className: 'drop give-file' }, file, el('span', {}, 'Choose a picture')),
      ...cameraButton((photo) => app.take(photo, 'The photo'), app.fail),
      el('p', { className: 'note by-mouse' }, 'Or drop one anywhere on this page, or paste it.'),
      el('div', { className: 'choice', role: 'group', ariaLabel: 'Examples' }, ...examples),
    ),
    name,
    el(
      'div',
      { className: 'journey' },
      el('figure', {}, el('div', { className: 'frame' }, original), given),
      figure(seen.canvas, `what the model sees: ${config.width}×${config.height} pixels`),
      figure(back.canvas, 'decoded from its numbers'),
      el('div', {}, el('h3', {}, 'Does it come back?'), comesBack, title, text),
    ),
    el('div', { className: 'row' }, ...next),
  );
  name.textContent = `Example: ${words.one} 1`;
  drawOriginal(original, app.examples[0]?.image as RawImage, box, config); // until the model is loaded
  app.onPicture((taken) => show(taken, true));
  app.onModel(() => {
    if (shown) compute(shown, false);
    else showExample(0, false).catch(app.fail);
  });
}

/** The result for an image that has no decoded image, because its latents decode to no finite numbers. */
function noImage(error: unknown): RawImage[] {
  if ((error as Error).name === 'BatchError') return [];
  throw error;
}

/** A flow is exact, but float32 is not: latents far from those of the training images lose digits that matter. */
function comesBackText(image: RawImage, same: RawImage | undefined, many: string): string {
  const values = image.data.length;
  const count = same ? differing(image, same) : values;
  if (count === 0) return `Yes: 0 of ${values} values differ. The model has lost nothing.`;
  const counted = `${count} of ${values} values differ`;
  if (count < values / 20) return `Nearly: ${counted}, by rounding.`;
  return `No: ${counted}. It is so far from the training ${many} that rounding destroys it.`;
}

const figure = (canvas: HTMLCanvasElement, caption: string) =>
  el('figure', {}, el('div', { className: 'frame' }, canvas), el('figcaption', {}, caption));

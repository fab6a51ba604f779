import type { GlowModel, RawImage, Score } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { capitalised } from '../model/words.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { pictureInput } from '../ui/picture-input.js';
import { takePicture } from '../ui/take-picture.js';
import { type Suspect, scoreChart } from './score-chart.js';
import { makeStrangers, type NamedPicture } from './stranger-pictures.js';
import { surpriseOverlay } from './surprise-overlay.js';
import { type Histogram, histogramOf, verdict } from './verdict.js';
import './strangers.css';

/** The largest number of the user's images on the chart. */
const most = 8;

/** Compares the bits of an image with those of images that the model has never seen. */
export function mountStrangers(panel: HTMLElement, app: App): void {
  const { one, many } = app.words;
  const portrait = surpriseOverlay(app, 192);
  const title = el('h2');
  const text = el('p');
  const numbers = el('dl');
  const chart = scoreChart((suspect) => {
    choose(suspect);
    say();
  });
  let histogram: Histogram | undefined;
  let known: readonly Suspect[] = [];
  let asked: readonly Suspect[] = [];

  function choose(suspect: Suspect): void {
    const words = verdict(suspect.score, histogram, many);
    portrait.show(suspect);
    title.textContent = `${suspect.name}: ${words.title}`;
    text.textContent = words.text;
    numbers.replaceChildren(...numbersOf(suspect, many));
    chart.mark(suspect);
  }
  const say = () => app.say(`${title.textContent}. ${text.textContent}`);
  async function ask(image: RawImage, name: string): Promise<void> {
    const suspect = await score(app, { image, name });
    asked = [suspect, ...asked].slice(0, most);
    chart.show([...known, ...asked]);
    choose(suspect);
    say();
  }
  async function lineUp(model: GlowModel): Promise<void> {
    histogram = await histogramOf(model);
    if (histogram) chart.setHistogram(histogram);
    known = [];
    const images = await Promise.all(app.examples.slice(0, 3).map(({ image }) => app.read(image)));
    const strangers = await makeStrangers(app, images[0] as RawImage);
    for (const picture of [
      ...images.map((image, i) => ({ image, name: `${capitalised(one)} ${i + 1}` })),
      ...strangers,
    ]) {
      known = [...known, await score(app, picture)];
      chart.show([...known, ...asked]);
      if (known.length === 1 && asked.length === 0) choose(known[0] as Suspect);
    }
  }

  acceptDrops(chart.element, (dropped, name) => takePicture(app, dropped, (image) => ask(image, name)));
  panel.append(
    el(
      'p',
      {},
      `The model computes how likely an image is. This shows whether the image resembles the training ${many}. ` +
        `Try any image: the model gets it at ${app.config.width}×${app.config.height} pixels.`,
    ),
    pictureInput(app, { label: 'Image to test', onPick: ask }),
    chart.element,
    el('p', { className: 'note' }, captionOn(many)),
    el('div', { className: 'card dossier' }, portrait.element, el('div', {}, title, text, numbers)),
    limits(app.words.limits),
  );
  let linedUp = false;
  app.onModel((model) => {
    const isSame = linedUp && model.config.classes === 0; // every device gives the same scores, not every class
    if (!isSame) lineUp(model).catch(app.fail);
    linedUp = true;
  });
  app.onPicture(({ image, name }) => ask(image, name).catch(app.fail));
}

const captionOn = (many: string) =>
  `The bars show ${many} that the model has never seen, by bits per value: what the model needs to write down one ` +
  'colour value. Fewer bits mean a likelier image. Each mark on the axis doubles the bits. Click an image to see its ' +
  'result.';

/** Scores an image. Its bits are the mean of eight draws of noise. */
async function score(app: App, picture: NamedPicture): Promise<Suspect> {
  const draws = 8;
  const [result] = await app.run(draws, (model) => model.score(picture.image, { draws }));
  return { ...picture, score: result as Score };
}

function numbersOf({ score: { bitsPerDim, typicality, complexity } }: Suspect, many: string): HTMLElement[] {
  const rows = {
    'bits per value': bitsPerDim < 1000 ? bitsPerDim.toFixed(2) : bitsPerDim.toExponential(1),
    [`unseen ${many} at least as unusual`]: typicality === null ? '—' : `${Math.round(100 * typicality)} %`,
    'bits per value as a PNG': complexity?.toFixed(2) ?? 'unknown',
  };
  return Object.entries(rows).map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value)));
}

function limits(ofModel: readonly string[]): HTMLElement {
  const points = [
    'The test measures how likely the pixels are. It does not know what they show.',
    'Plain images are likely. Samples of the model at a low temperature nearly always pass, although nobody drew them.',
    ...ofModel,
  ];
  return el(
    'details',
    {},
    el('summary', {}, 'Limits of this test'),
    el('ul', {}, ...points.map((point) => el('li', {}, point))),
  );
}

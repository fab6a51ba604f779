import type { GlowModel, RawImage, Score } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { pictureInput } from '../ui/picture-input.js';
import { screen } from '../ui/screen.js';
import { takePicture } from '../ui/take-picture.js';
import { type Suspect, scoreChart } from './score-chart.js';
import { makeStrangers, type NamedPicture } from './stranger-pictures.js';
import { type Histogram, verdict } from './verdict.js';
import './strangers.css';

/** The largest number of the user's images on the chart. */
const most = 8;

/** Compares the bits of an image with those of faces that the model has never seen. */
export function mountStrangers(panel: HTMLElement, app: App): void {
  const portrait = screen('The chosen image', { scale: 12 });
  const title = el('h2');
  const text = el('p');
  const numbers = el('dl');
  const chart = scoreChart((suspect) => {
    choose(suspect);
    say();
  });
  let faces = 0;
  let known: readonly Suspect[] = [];
  let asked: readonly Suspect[] = [];

  function choose(suspect: Suspect): void {
    const words = verdict(suspect.score, faces);
    portrait.show(suspect.image);
    title.textContent = `${suspect.name}: ${words.title}`;
    text.textContent = words.text;
    numbers.replaceChildren(...numbersOf(suspect));
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
    const histogram = model.manifest.training?.histogram as Histogram | undefined;
    if (histogram) chart.setHistogram(histogram);
    faces = histogram?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
    const images = await Promise.all(app.faces.slice(0, 3).map(({ image }) => app.read(image)));
    const strangers = await makeStrangers(app, images[0] as RawImage);
    for (const picture of [...images.map((image, i) => ({ image, name: `Face ${i + 1}` })), ...strangers]) {
      known = [...known, await score(app, picture)];
      chart.show([...known, ...asked]);
      if (known.length === 1) choose(known[0] as Suspect);
    }
  }

  acceptDrops(chart.element, (dropped, name) => takePicture(app, dropped, (image) => ask(image, name)));
  panel.append(
    el(
      'p',
      {},
      'The model computes how likely an image is. This shows whether the image resembles the training faces. Try any image: it is resized to 16×16 pixels.',
    ),
    pictureInput(app, { label: 'Image to test', onPick: ask }),
    chart.element,
    el('p', { className: 'note' }, caption),
    el('div', { className: 'card dossier' }, portrait.canvas, el('div', {}, title, text, numbers)),
    limits(),
  );
  let linedUp = false;
  app.onModel((model) => {
    if (!linedUp) lineUp(model).catch(app.fail);
    linedUp = true;
  });
}

const caption =
  'The bars show faces that the model has never seen, by bits per dimension. Fewer bits mean a likelier image. The ' +
  'axis is logarithmic. Click an image to see its result.';

/** Scores an image. Its bits per dimension are the mean of eight dequantisation draws. */
async function score(app: App, picture: NamedPicture): Promise<Suspect> {
  const draws = 8;
  const [result] = await app.run(draws, (model) => model.score(picture.image, { draws }));
  return { ...picture, score: result as Score };
}

function numbersOf({ score: { bitsPerDim, typicality, complexity } }: Suspect): HTMLElement[] {
  const rows = {
    'bits per dimension': bitsPerDim < 1000 ? bitsPerDim.toFixed(2) : bitsPerDim.toExponential(1),
    'unseen faces at least as unusual': typicality === null ? '—' : `${Math.round(100 * typicality)} %`,
    'bits per dimension as a PNG': complexity.toFixed(2),
  };
  return Object.entries(rows).map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value)));
}

function limits(): HTMLElement {
  const points = [
    'The test measures how likely the pixels are. It does not know what a face is.',
    'Plain images are likely. Samples of the model at a low temperature nearly always pass, although nobody drew them.',
    'The test works well here because these faces have few colours and hard edges. A flow that was trained on ' +
      'photographs also rates some images as likely that do not resemble its training images.',
    'Mirrored faces sometimes pass, because the drawings are nearly symmetric.',
  ];
  return el(
    'details',
    {},
    el('summary', {}, 'Limits of this test'),
    el('ul', {}, ...points.map((point) => el('li', {}, point))),
  );
}

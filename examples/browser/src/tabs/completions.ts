import { encodePng, imageGrid, type RawImage, type Score } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { capitalised } from '../model/words.js';
import { el } from '../ui/dom.js';
import { draggable } from '../ui/drag.js';
import { latestWins } from '../ui/latest-wins.js';
import { saveFile } from '../ui/save-file.js';
import { histogramOf, verdict } from './verdict.js';

/** An image to choose, as far as it is found. */
export interface Completion {
  readonly image: RawImage;
  /** In nats, at the centres of its bins. Undefined while the search goes on. */
  readonly logProb?: number;
  /** Whether the search found nothing better than what it began with. */
  readonly isStart?: boolean;
}

/** Samples beside the most likely image. */
export const samples = 4;
/** Where the choices stand: the samples one after another. */
export const places = { original: 0, likely: 1, samples: 2 } as const;
const draws = 8;
/** The side of a saved picture, at least. */
const leastSide = 256;

/** The original and its completions to choose from: one of them large, with what the model says of it. */
export function showCompletions(app: App, box: number) {
  const { one, many } = app.words;
  const names = ['Original', 'Most likely', ...Array.from({ length: samples }, (_, i) => `Sample ${i + 1}`)];
  const large = app.screen(`The completed ${one}`, box);
  const caption = el('figcaption');
  const [title, text, numbers] = [el('h2'), el('p'), el('dl')];
  const known: (Completion | undefined)[] = [];
  let chosen: number = places.likely;
  const keep = el('button', { type: 'button' }, `Keep this ${one}`);
  keep.addEventListener('click', () => app.keep(known[chosen]?.image as RawImage));
  const save = el('button', { type: 'button' }, 'Save as PNG');
  save.addEventListener('click', async () => {
    const { image } = known[chosen] as Completion;
    const scale = Math.ceil(leastSide / Math.max(image.width, image.height));
    const enlarged = imageGrid([image], { columns: 1, scale, gap: 0 });
    saveFile(
      await encodePng(enlarged),
      `restored-${names[chosen]}.png`.replace(' ', '-').toLowerCase(),
      'image/png',
    );
  });
  const slots = names.map((name, i) => {
    const { canvas, show } = app.screen('', 72);
    const button = el('button', { type: 'button', title: name, hidden: true }, canvas, el('span', {}, name));
    button.addEventListener('click', () => choose(i));
    return { button, show };
  });

  const judge = latestWins(async (place: number) => {
    const completion = known[place];
    if (completion?.logProb === undefined) {
      title.textContent = '…';
      text.textContent = '';
      return numbers.replaceChildren();
    }
    const [score] = await app.run(draws, (model) => model.score(completion.image, { draws }));
    const result = verdict(score as Score, await app.run(0, histogramOf), many);
    if (known[chosen] !== completion) return;
    title.textContent = capitalised(result.title);
    text.textContent = completion.isStart
      ? `The search found nothing more likely than this smooth fill. ${result.text}`
      : result.text;
    const rows = { [`log p of this ${one}`]: completion, 'log p of the original': known[places.original] };
    numbers.replaceChildren(
      ...Object.entries(rows).map(([term, value]) =>
        el('div', {}, el('dt', {}, term), el('dd', {}, natsText(value?.logProb))),
      ),
    );
  }, app.fail);

  function choose(place: number): void {
    chosen = place;
    for (const [i, { button }] of slots.entries()) button.ariaPressed = String(i === chosen);
    const completion = known[chosen];
    caption.textContent = (names[chosen] as string).toLowerCase();
    keep.disabled = save.disabled = completion?.logProb === undefined;
    if (!completion) return;
    large.show(completion.image);
    draggable(large.canvas, completion.image, names[chosen] as string);
    judge(chosen);
  }
  function show(place: number, completion: Completion): void {
    known[place] = completion;
    slots[place]?.show(completion.image);
    (slots[place] as (typeof slots)[number]).button.hidden = false;
    if (place === chosen) choose(place);
  }

  return {
    canvas: large.canvas,
    caption,
    choice: el(
      'div',
      { className: 'choice completions', role: 'group', ariaLabel: 'Completions' },
      ...slots.map(({ button }) => button),
    ),
    verdict: el('div', { className: 'judged' }, title, text, numbers),
    buttons: [keep, save],
    show,
    choose,
    /** Resolves when the model has said what it thinks of the image. */
    judged: () => judge(chosen),
    /** Takes the samples away. */
    dropSamples(): void {
      known.splice(places.samples);
      for (const { button } of slots.slice(places.samples)) button.hidden = true;
    },
  };
}

/** '1,310 nats' */
function natsText(logProb: number | undefined): string {
  if (logProb === undefined || !Number.isFinite(logProb)) return '—';
  return `${Math.round(logProb).toLocaleString('en')} nats`;
}

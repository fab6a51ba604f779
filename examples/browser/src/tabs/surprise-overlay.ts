import { heatMap, type Surprise } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import { latestWins } from '../ui/latest-wins.js';
import type { Suspect } from './score-chart.js';

/** Draws of noise per map, as many as per score. */
const draws = 8;

/** The chosen image, with a button that lays the map of its bits over it. */
export function surpriseOverlay(app: App, box: number) {
  const portrait = app.screen('The chosen image', box);
  const heat = app.screen('', box);
  const caption = el('figcaption');
  const button = el('button', { type: 'button', onclick: toggle }, 'Show where its bits are');
  const maps = new WeakMap<Suspect, Surprise>();
  let chosen: Suspect | undefined;
  let isShown = false;

  heat.canvas.classList.add('heat');
  async function mapOf(suspect: Suspect): Promise<Surprise> {
    const [found] = maps.has(suspect)
      ? [maps.get(suspect)]
      : await app.run(draws, (model) => model.surprise(suspect.image, { draws }));
    maps.set(suspect, found as Surprise);
    return found as Surprise;
  }
  const draw = latestWins(async (suspect: Suspect, isAsked: boolean) => {
    const { map } = await mapOf(suspect);
    if (suspect !== chosen || !isShown) return;
    heat.show(heatMap(map));
    heat.canvas.hidden = false;
    caption.textContent = describeMap(map);
    if (isAsked) app.say(caption.textContent);
  }, app.fail);

  function toggle(): void {
    isShown = !isShown;
    update(true);
  }
  function update(isAsked: boolean): void {
    button.setAttribute('aria-pressed', String(isShown));
    heat.canvas.hidden = true;
    caption.textContent = '';
    if (chosen && isShown) draw(chosen, isAsked);
  }
  update(false);
  return {
    element: el(
      'figure',
      { className: 'overlaid' },
      el('div', {}, portrait.canvas, heat.canvas),
      button,
      caption,
    ),
    show(suspect: Suspect): void {
      chosen = suspect;
      portrait.show(suspect.image);
      update(false);
    },
  };
}

function describeMap({ shape: [, width], data }: Surprise['map']): string {
  const most = data.reduce((best, value, i) => (value > (data[best] as number) ? i : best), 0);
  const [row, column] = [Math.floor(most / width) + 1, (most % width) + 1];
  const [least, greatest] = [Math.min(...data), data[most] as number].map((bits) => bits.toFixed(1));
  return `Dark is ${least} bits, bright is ${greatest}. The brightest pixel is in row ${row}, column ${column}.`;
}

import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { numberIn } from '../share/settings.js';
import { shareable } from '../share/shareable.js';
import { el } from '../ui/dom.js';
import { draggable } from '../ui/drag.js';
import { latestWins } from '../ui/latest-wins.js';
import { slider } from '../ui/slider.js';

/** As many samples as a large model draws in a moment: 24 of up to 32×32 pixels. */
const countFor = ({ width, height }: App['config']) =>
  Math.min(Math.max(Math.floor((24 * 32 * 32) / (width * height)), 4), 24);

/** A grid of samples at the chosen temperature and seed. A click keeps a sample. */
export function mountSample(panel: HTMLElement, app: App): void {
  const { one, many } = app.words;
  const count = countFor(app.config);
  let samples: RawImage[] = [];
  const cells = Array.from({ length: count }, (_, i) => {
    const { canvas, show } = app.screen('', 112);
    const button = el(
      'button',
      { type: 'button', attributes: { 'aria-label': `Keep sample ${i + 1}` } },
      canvas,
    );
    button.addEventListener('click', () => keep(i));
    return { button, show };
  });
  function keep(i: number): void {
    const sample = samples[i];
    if (!sample) return;
    app.keep(sample);
    app.say(`Sample ${i + 1} is kept at the foot of the page.`);
  }

  const draw = latestWins(async (temperature: number, seed: number) => {
    samples = await app.run(count, (model) => model.sample({ count, temperature, seed }));
    for (const [i, sample] of samples.entries()) {
      cells[i]?.show(sample);
      draggable(cells[i]?.button as HTMLElement, sample, `Sample ${i + 1}`);
    }
  }, app.fail);
  const refresh = () => draw(temperature.value, seed.valueAsNumber || 0);

  const temperature = slider({
    label: 'Temperature',
    min: 0,
    max: 1.3,
    step: 0.01,
    value: 0.8,
    onInput: refresh,
  });
  const seed = el('input', { type: 'number', min: '0', max: '9999', value: '7' });
  seed.addEventListener('input', refresh);
  const newSeed = el('button', { type: 'button', className: 'primary' }, 'New seed');
  newSeed.addEventListener('click', () => {
    seed.value = String(Math.floor(Math.random() * 10_000));
    refresh();
  });

  const link = shareable(panel, app);
  link.add('temperature', numberIn(temperature.input));
  link.add('seed', numberIn(seed));
  link.complete();

  panel.append(
    el(
      'p',
      {},
      `${app.words.samples} The temperature says how far from the average: 0 gives the most average ${one}, and above 1 the ${many} get wild.`,
    ),
    el(
      'div',
      { className: 'controls' },
      temperature.element,
      el('label', { className: 'field' }, el('span', {}, 'Seed'), seed),
      newSeed,
      link.button,
    ),
    el('div', { className: 'faces' }, ...cells.map(({ button }) => button)),
    el(
      'p',
      { className: 'note' },
      `Click a ${one} to keep it for the other tabs. The seed numbers the draws: the same seed gives the same ${many} on every device.`,
    ),
  );
  app.onModel(refresh);
}

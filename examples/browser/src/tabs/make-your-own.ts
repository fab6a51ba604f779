import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import type { Direction } from './directions.js';
import { labelChoice } from './label-choice.js';
import { pictureHeap } from './picture-heap.js';

interface MakeYourOwnOptions {
  /** The image that the buttons add to a group. */
  readonly image: () => RawImage;
  readonly onDirection: (direction: Direction) => void;
}

/** Two groups of images, with something and without it. The difference of their mean latents becomes a direction. */
export function makeYourOwn(app: App, { image, onDirection }: MakeYourOwnOptions): HTMLElement {
  const { one, many } = app.words;
  const options = { image, onChange: refresh };
  const withIt = pictureHeap(app, { title: 'With', ...options });
  const without = pictureHeap(app, { title: 'Without', ...options });
  const name = el('input', { type: 'text', value: 'Mine', maxLength: 24 });
  const make = el('button', { type: 'button', className: 'primary' }, 'Make the slider');
  const fill = labelChoice(app.examples, app.words.firstLabel, (label, having, lacking) => {
    name.value = label;
    withIt.images = having;
    without.images = lacking;
  });

  const hasLabels = Object.keys(app.examples[0]?.labels ?? {}).length > 0;

  function refresh(): void {
    make.disabled = withIt.images.length === 0 || without.images.length === 0;
  }
  refresh();
  make.addEventListener('click', async () => {
    const [having, lacking] = [withIt.images, without.images];
    const label = name.value || 'Mine';
    try {
      const z = await app.run(having.length + lacking.length, (model) =>
        model.attributeDirection(having, lacking),
      );
      onDirection({ label, ends: ['remove', 'add'], z });
      app.say(`${label}: new slider from ${having.length} ${many} with it and ${lacking.length} without it`);
    } catch (error) {
      app.fail(error);
    }
  });

  return el(
    'section',
    { className: 'make-your-own' },
    el('h2', {}, 'Make your own slider'),
    el(
      'p',
      {},
      `Collect ${many} with something and ${many} without it: drag them here, add the ${one} above` +
        `${hasLabels ? `, or choose ${many} by label` : ''}. The slider goes from the average numbers of one group ` +
        `to those of the other. So it also contains every other difference between them: use many ${many}.`,
    ),
    ...(hasLabels ? [fill] : []),
    el('div', { className: 'heaps' }, withIt.element, without.element),
    el('div', { className: 'row' }, el('label', {}, 'Name ', name), make),
  );
}

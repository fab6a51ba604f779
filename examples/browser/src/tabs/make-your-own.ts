import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import type { Direction } from './directions.js';
import { labelChoice } from './label-choice.js';
import { pictureHeap } from './picture-heap.js';

interface MakeYourOwnOptions {
  /** The face that the buttons add to a group. */
  readonly face: () => RawImage;
  readonly onDirection: (direction: Direction) => void;
}

/** Two groups of faces, with something and without it. The difference of their mean latents becomes a direction. */
export function makeYourOwn(app: App, { face, onDirection }: MakeYourOwnOptions): HTMLElement {
  const options = { face, onChange: refresh };
  const withIt = pictureHeap(app, { title: 'With', ...options });
  const without = pictureHeap(app, { title: 'Without', ...options });
  const name = el('input', { type: 'text', value: 'Mine', maxLength: 24 });
  const make = el('button', { type: 'button', className: 'primary' }, 'Make the slider');
  const fill = labelChoice(app.faces, (label, having, lacking) => {
    name.value = label;
    withIt.images = having;
    without.images = lacking;
  });

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
      app.say(`${label}: new slider from ${having.length} faces with it and ${lacking.length} without it`);
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
      'Collect faces with something and faces without it: drag them here, add the face above, or choose faces by ' +
        'label. The new direction is the difference of their mean latents. It also contains every other difference ' +
        'between the two groups, so use many faces.',
    ),
    fill,
    el('div', { className: 'heaps' }, withIt.element, without.element),
    el('div', { className: 'row' }, el('label', {}, 'Name ', name), make),
  );
}

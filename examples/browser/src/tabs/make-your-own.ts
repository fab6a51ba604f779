import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import type { Direction } from './directions.js';
import { labelChoice } from './label-choice.js';
import { pictureHeap } from './picture-heap.js';

interface MakeYourOwnOptions {
  /** The face that the heaps' buttons add. */
  readonly face: () => RawImage;
  readonly onDirection: (direction: Direction) => void;
}

/** Two heaps of pictures, with something and without it, whose difference of mean latents becomes a direction. */
export function makeYourOwn(app: App, { face, onDirection }: MakeYourOwnOptions): HTMLElement {
  const options = { face, onChange: refresh };
  const withIt = pictureHeap(app, { title: 'With', ...options });
  const without = pictureHeap(app, { title: 'Without', ...options });
  const name = el('input', { type: 'text', value: 'Mine', maxLength: 24 });
  const make = el('button', { type: 'button', className: 'primary' }, 'Make a slider of it');
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
      onDirection({ label, ends: ['take away', 'add'], z });
      app.say(`${label}: a slider from ${having.length} faces with it and ${lacking.length} without`);
    } catch (error) {
      app.fail(error);
    }
  });

  return el(
    'section',
    { className: 'make-your-own' },
    el('h2', {}, 'Make your own'),
    el(
      'p',
      {},
      'The mean of the latents of faces with something, less the mean of those without. Drag faces here, add the ' +
        'face above, or take faces by what is drawn on them. What else differs between the two heaps comes along, so ' +
        'more faces are better.',
    ),
    fill,
    el('div', { className: 'heaps' }, withIt.element, without.element),
    el('div', { className: 'row' }, el('label', {}, 'Name ', name), make),
  );
}

import type { RawImage } from '@glow-onnx/runtime';
import type { Face } from '../faces.js';
import { el } from '../ui/dom.js';

/** The largest number of faces per group: enough for a mean, few enough to look at. */
const most = 40;
/** The first choice. Mouths have a fixed place, so a few faces give a good direction. */
const first = 'mouth=laugh';

/** A choice of a label. Calls back with faces that have the label, and with faces that do not. */
export function labelChoice(
  faces: readonly Face[],
  onChoice: (name: string, having: RawImage[], lacking: RawImage[]) => void,
): HTMLElement {
  const select = el('select', {}, ...Object.keys(faces[0]?.labels ?? {}).map(group));
  const fill = el('button', { type: 'button' }, 'Use these');
  fill.addEventListener('click', () => {
    const [attribute, value] = select.value.split('=') as [string, string];
    const imagesOf = (has: boolean) =>
      faces
        .filter(({ labels }) => (labels[attribute] === value) === has)
        .slice(0, most)
        .map(({ image }) => image);
    onChoice(`${attribute} ${value}`, imagesOf(true), imagesOf(false));
  });
  return el('div', { className: 'row' }, el('label', {}, 'Faces by label ', select), fill);

  function group(attribute: string): HTMLOptGroupElement {
    const values = [...new Set(faces.map(({ labels }) => labels[attribute] as string))].sort();
    const options = values
      .filter((value) => value !== 'none')
      .map((value) => {
        const choice = `${attribute}=${value}`;
        return el('option', { value: choice, selected: choice === first }, `${attribute} ${value}`);
      });
    return el('optgroup', { label: attribute }, ...options);
  }
}

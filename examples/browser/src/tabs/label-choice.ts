import type { RawImage } from '@glow-onnx/runtime';
import type { Example } from '../model/examples.js';
import { el } from '../ui/dom.js';

/** The largest number of images per group: enough for a mean, few enough to look at. */
const most = 40;

/**
 * A choice of a label. Calls back with examples that have the label, and with examples that do not.
 * @param first the first choice, such as 'mouth=laugh'.
 */
export function labelChoice(
  examples: readonly Example[],
  first: string,
  onChoice: (name: string, having: RawImage[], lacking: RawImage[]) => void,
): HTMLElement {
  const select = el('select', {}, ...Object.keys(examples[0]?.labels ?? {}).map(group));
  const fill = el('button', { type: 'button' }, 'Use these');
  fill.addEventListener('click', () => {
    const [attribute, value] = select.value.split('=') as [string, string];
    const imagesOf = (has: boolean) =>
      examples
        .filter(({ labels }) => (labels[attribute] === value) === has)
        .slice(0, most)
        .map(({ image }) => image);
    onChoice(`${attribute} ${value}`, imagesOf(true), imagesOf(false));
  });
  return el('div', { className: 'row' }, el('label', {}, 'By label ', select), fill);

  function group(attribute: string): HTMLOptGroupElement {
    const values = [...new Set(examples.map(({ labels }) => labels[attribute] as string))].sort();
    const options = values
      .filter((value) => value !== 'none')
      .map((value) => {
        const choice = `${attribute}=${value}`;
        return el('option', { value: choice, selected: choice === first }, `${attribute} ${value}`);
      });
    return el('optgroup', { label: attribute }, ...options);
  }
}

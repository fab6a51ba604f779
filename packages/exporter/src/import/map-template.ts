import type { Tensors } from './foreign-weights.js';
import type { LayoutName } from './layouts.js';

/** The first numbers of a name tend to count levels and steps, the others tell layers apart. */
const letters = 'ab';

/**
 * A map to fill in: each kind of name in a file, with `<a>` and `<b>` for its first two numbers, and an empty text for its new name.
 * @example mapTemplate(tensors, 'port') // { layout: 'port', names: { 'net.<a>.bias': '' } }
 */
export function mapTemplate(tensors: Tensors, layout: LayoutName | 'auto') {
  const patterns = Object.keys(tensors).map((name) => {
    let count = 0;
    return name.replaceAll(/(?<![a-zA-Z0-9])\d+(?![a-zA-Z0-9])/g, (number) => {
      const letter = letters[count++];
      return letter ? `<${letter}>` : number;
    });
  });
  const names = Object.fromEntries([...new Set(patterns)].map((pattern) => [pattern, '']));
  return { layout: layout === 'auto' ? 'glow-onnx' : layout, names };
}

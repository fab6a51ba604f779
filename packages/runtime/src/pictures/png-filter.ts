import { BrokenImageError } from './broken-image.js';
import { paeth } from './paeth.js';

/**
 * Undoes the filter of a row in place. `row` and `above`, the row above it, begin with the byte that names their
 * filter. Above the first row are zeros. `step` is the distance in bytes to the pixel on the left.
 * Source: PNG specification, third edition, §9.
 */
export function unfilter(row: Uint8Array, above: Uint8Array, step: number): void {
  const at = (bytes: Uint8Array, i: number) => bytes[i] as number;
  const filter = at(row, 0);
  const second = 1 + step; // where the second pixel begins
  const { length } = row;
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = second; i < length; i++) row[i] = at(row, i) + at(row, i - step);
      return;
    case 2:
      for (let i = 1; i < length; i++) row[i] = at(row, i) + at(above, i);
      return;
    case 3:
      for (let i = 1; i < second && i < length; i++) row[i] = at(row, i) + (at(above, i) >> 1);
      for (let i = second; i < length; i++) row[i] = at(row, i) + ((at(row, i - step) + at(above, i)) >> 1);
      return;
    case 4:
      for (let i = 1; i < second && i < length; i++) row[i] = at(row, i) + at(above, i);
      for (let i = second; i < length; i++) {
        row[i] = at(row, i) + paeth(at(row, i - step), at(above, i), at(above, i - step));
      }
      return;
    default:
      throw new BrokenImageError(`the PNG has a row with filter ${filter}, expected 0 to 4`);
  }
}

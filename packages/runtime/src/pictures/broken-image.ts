/** An image file that is broken, incomplete, or larger than its bytes can hold. The message says what is wrong. */
export class BrokenImageError extends RangeError {
  override readonly name = 'BrokenImageError';
}

/**
 * A call was refused before it started, because it would need more memory than there is.
 * @example
 * try {
 *   await model.encode(photo);
 * } catch (error) {
 *   if (error instanceof MemoryError) console.warn(`needs ${error.needed} bytes, has ${error.available}`);
 * }
 */
export class MemoryError extends RangeError {
  /** An estimate, in bytes. */
  readonly needed: number;
  /** `maxMemory`, or what the machine has free, in bytes. */
  readonly available: number;

  constructor(message: string, { needed, available }: { needed: number; available: number }) {
    super(message);
    this.name = 'MemoryError';
    this.needed = needed;
    this.available = available;
  }
}

import type { BatchError } from '../model/batch-error.js';

/** So many failures are explained; more are counted. */
const explained = 10;

/** Some images of a command failed. The message says how many, and what became of the others. */
export class SomeFailed extends Error {
  /** Why each of them failed. */
  readonly reasons: readonly string[];

  /** @param out the file or folder that has the results of the others. */
  constructor(batch: BatchError, out?: string) {
    const { message, errors, results } = batch;
    const [howMany] = message.split(' failed: ');
    const others = results.length - errors.length;
    super(
      `${howMany} failed${out === undefined ? '' : `; ${out} has the other ${others === 1 ? 'one' : others}`}:`,
    );
    const more = errors.length - explained;
    this.reasons = [
      ...errors.slice(0, explained).map((error) => error.message),
      ...(more > 0 ? [`and ${more} more`] : []),
    ];
  }
}

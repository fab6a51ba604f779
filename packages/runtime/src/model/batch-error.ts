import type { Call } from './call.js';

/** So many failures are explained; further failures are only named. */
const explained = 3;

/**
 * Some images of a call failed. The message names each of them; `results` holds the results of the others.
 * @example
 * try {
 *   await model.encode(files);
 * } catch (error) {
 *   if (error instanceof BatchError) for (const { image, message } of error.errors) console.warn(files[image], message);
 * }
 */
export class BatchError<Result = unknown> extends AggregateError {
  /** An error for each image that failed; `image` is its place in the call. */
  declare errors: (Error & { image: number })[];
  /** In the order of the call; undefined where an image failed. Not enumerable, so that a log has no pixels. */
  declare readonly results: readonly (Result | undefined)[];

  constructor(
    message: string,
    failures: ReadonlyMap<number, Error>,
    results: readonly (Result | undefined)[],
  ) {
    const errors = [...failures].sort(([a], [b]) => a - b);
    super(
      errors.map(([image, error]) => Object.assign(error, { image })),
      message,
    );
    this.name = 'BatchError';
    Object.defineProperty(this, 'results', { value: results });
  }
}

/**
 * The error of a call that could not run all of its images: the image's own error if the call has one image only.
 * @param failures errors whose messages start with the call and the image's name.
 */
export function failureOf<Result>(
  { name, count, plural, nameOf }: Pick<Call, 'name' | 'count' | 'plural' | 'nameOf'>,
  failures: ReadonlyMap<number, Error>,
  results: readonly (Result | undefined)[],
): Error {
  if (count === 1) return failures.get(0) as Error;
  const images = [...failures.keys()].sort((a, b) => a - b);
  const reasons = images
    .slice(0, explained)
    .map((image) => (failures.get(image) as Error).message.replace(`${name}: `, ''));
  const others = images.slice(explained).map(nameOf);
  const rest = others.length > 0 ? `; and ${others.join(', ')}` : '';
  const message = `${name}: ${images.length} of ${count} ${plural} failed: ${reasons.join('; ')}${rest}`;
  return new BatchError(message, failures, results);
}

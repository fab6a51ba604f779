/** With their reasons; of further failures only the names. */
const explained = 3;

/** Some images of a call failed. The message names each of them; the others' results are kept. */
export class BatchError<Result = unknown> extends AggregateError {
  /** Why each failed; `image` is its place in the call. */
  declare errors: (Error & { image: number })[];
  /** In the order of the call; undefined where an image failed. Not enumerable: a log of the error has no pixels. */
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
 * What a call throws that could not run all of its images: the very error if it had one image only.
 * @param failures errors whose messages start with the call and the image's name.
 */
export function failureOf<Result>(
  { where, count, nameOf }: { where: string; count: number; nameOf: (image: number) => string },
  failures: ReadonlyMap<number, Error>,
  results: readonly (Result | undefined)[],
): Error {
  if (count === 1) return failures.get(0) as Error;
  const images = [...failures.keys()].sort((a, b) => a - b);
  const reasons = images
    .slice(0, explained)
    .map((image) => (failures.get(image) as Error).message.replace(`${where}: `, ''));
  const others = images.slice(explained).map(nameOf);
  const rest = others.length > 0 ? `; and ${others.join(', ')}` : '';
  const message = `${where}: ${images.length} of ${count} images failed: ${reasons.join('; ')}${rest}`;
  return new BatchError(message, failures, results);
}

/** Comparisons without a test framework: each throws an Error that says what is not so. */

export function isTrue(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what}: expected ${brief(wanted)}, got ${brief(got)}`);
}

/** |actual − expected| ≤ tolerance × the largest |expected|, or 1. */
export function closeTo(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  equal(actual.length, expected.length, `${what}: length`);
  const scale = Math.max(1, ...expected.map(Math.abs));
  const error = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] as number)))) / scale;
  if (!(error <= tolerance)) throw new Error(`${what}: off by ${error}, allowed ${tolerance}`);
}

/** The error that this rejects with. */
export async function fails(call: () => Promise<unknown>, message: RegExp): Promise<Error> {
  const error = await call().then(
    () => undefined,
    (reason: Error) => reason,
  );
  if (error === undefined) throw new Error(`expected an error like ${message}, got none`);
  if (!message.test(error.message))
    throw new Error(`expected an error like ${message}, got: ${error.message}`);
  return error;
}

function brief(text = 'undefined'): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

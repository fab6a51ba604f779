import { describe } from '@glow-onnx/flow/manifest';

/**
 * The numbers of an option for each level, finest first. The option is one number for all levels, or a list.
 * @throws RangeError if the list has another length, or a number is not finite or is less than `least`.
 */
export function perLevel(
  where: string,
  name: string,
  value: number | readonly number[],
  { levels }: { levels: number },
  least = Number.NEGATIVE_INFINITY,
): readonly number[] {
  const values = typeof value === 'number' ? new Array<number>(levels).fill(value) : value;
  if (!Array.isArray(values) || values.length !== levels) {
    throw new RangeError(
      `${where}: ${name} must be one number or ${levels} numbers, one for each level, got ${describe(value)}`,
    );
  }
  const bad = values.find((each) => !Number.isFinite(each) || each < least);
  if (bad === undefined) return values;
  const range = Number.isFinite(least) ? ` from ${least} on` : '';
  throw new RangeError(`${where}: ${name} must be a finite number${range}, got ${describe(bad)}`);
}

/** @throws TypeError or RangeError unless all of `chosen` are levels of the model. */
export function checkLevels(where: string, chosen: readonly number[], { levels }: { levels: number }): void {
  if (!Array.isArray(chosen)) {
    throw new TypeError(`${where}: levels must be a list of levels, such as [0], got ${describe(chosen)}`);
  }
  const bad = chosen.find((level) => !Number.isInteger(level) || level < 0 || level >= levels);
  if (bad === undefined) return;
  throw new RangeError(
    `${where}: levels must be integers from 0, the finest, to ${levels - 1}, got ${describe(bad)}`,
  );
}

/** The index of the first number that is NaN or infinite, or −1. */
export function findNotFinite(data: Float32Array): number {
  // The sums are 0 unless a number is not finite. Four sums, so that no addition waits for the one before.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += 0 * (data[i] as number);
    b += 0 * (data[i + 1] as number);
    c += 0 * (data[i + 2] as number);
    d += 0 * (data[i + 3] as number);
  }
  for (let i = whole; i < data.length; i++) a += 0 * (data[i] as number);
  return a + b + c + d === 0 ? -1 : data.findIndex((value) => !Number.isFinite(value));
}

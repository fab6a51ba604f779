/**
 * The option as an integer.
 * @param values those that `parseArgs` found.
 * @throws RangeError if it is no integer from `least` to `most`, or not a multiple of `step`.
 */
export function integer(values, name, { least = 1, most = Number.MAX_SAFE_INTEGER, step = 1 } = {}) {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least && value <= most && value % step === 0) return value;
  const what = step === 1 ? 'an integer' : `a multiple of ${step}`;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw new RangeError(`--${name} must be ${what} ${range}, got ${values[name]}`);
}

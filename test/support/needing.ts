import type { Need } from './machine.js';

/** `describe`, or `describe.skip` with the missing packages in its name where this machine lacks any of these. */
export function describeNeeding(...needs: readonly Need[]): jest.Describe {
  return runOrSkip(describe, needs);
}

/** `test`, or `test.skip` with the missing packages in its name where this machine lacks any of these. */
export function testNeeding(...needs: readonly Need[]): jest.It {
  return runOrSkip(test, needs);
}

/** `skipped-reporter.mjs` reads these names. */
function runOrSkip<Run extends jest.Describe | jest.It>(run: Run, needs: readonly Need[]): Run {
  const missing = new Set(needs.filter((need) => !need.isHere()).map((need) => need.package));
  if (missing.size === 0) return run;
  const named = (name: unknown) => `${name} [needs ${[...missing].join(', ')}]`;
  const skip = (name: unknown, ...rest: unknown[]) => call(run.skip, named(name), ...rest);
  const each =
    (...table: unknown[]) =>
    (name: unknown, ...rest: unknown[]) =>
      call(call(run.skip.each, ...table), named(name), ...rest);
  return Object.assign(skip, { each, skip, only: skip }) as unknown as Run;
}

/** jest's functions, whose many signatures TypeScript cannot pass arguments through. */
function call(fn: unknown, ...args: unknown[]): unknown {
  return (fn as (...args: unknown[]) => unknown)(...args);
}

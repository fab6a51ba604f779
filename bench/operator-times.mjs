// The time of each operator in a graph, by ONNX Runtime's own profile.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../models/tables.mjs';

/**
 * Calls and milliseconds of each operator, the slowest first. Of each node the shortest of its runs counts, so that other
 * work on the machine disturbs it little.
 * @param runs opens one graph with the session options that it gets, runs it that many times after a first run, and
 * releases it. Of several graphs, the one with the longest profile counts.
 */
export async function operatorTimes(runs, repeats = 5) {
  const folder = mkdtempSync(join(tmpdir(), 'glow-profile-'));
  try {
    await runs({ enableProfiling: true, profileFilePrefix: join(folder, 'profile') }, repeats);
    const profiles = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const [profile] = profiles.sort((a, b) => b.length - a.length);
    return sumByOperator(JSON.parse(profile), repeats);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sumByOperator(profile, repeats) {
  const kernels = profile.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  const perRun = kernels.length / (repeats + 1);
  if (!Number.isInteger(perRun))
    throw new Error(`operator-times: ${kernels.length} kernels in ${repeats + 1} runs`);
  const byOperator = new Map();
  for (let node = 0; node < perRun; node++) {
    const runs = Array.from({ length: repeats }, (_, i) => kernels[(i + 1) * perRun + node]); // the first run allocates
    const operator = runs[0].args.op_name;
    const found = byOperator.get(operator) ?? { operator, calls: 0, milliseconds: 0 };
    found.calls++;
    found.milliseconds += Math.min(...runs.map(({ dur }) => dur)) / 1000;
    byOperator.set(operator, found);
  }
  return [...byOperator.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/**
 * A table of several profiles of the same operators, one beside the other: milliseconds, and the share of each in its own.
 * @param columns `{ name, times }`, by `operatorTimes`.
 */
export function operatorTable(columns) {
  const totals = columns.map(({ times }) => times.reduce((sum, { milliseconds }) => sum + milliseconds, 0));
  const operators = [...new Set(columns.flatMap(({ times }) => times.map(({ operator }) => operator)))];
  const cells = operators.map((operator) => {
    const found = columns.map(({ times }) => times.find((one) => one.operator === operator));
    const calls = [...new Set(found.flatMap((one) => (one ? [one.calls] : [])))].join(', ');
    const shown = found.flatMap((one, i) =>
      one
        ? [one.milliseconds.toFixed(1), `${((100 * one.milliseconds) / totals[i]).toFixed(1)} %`]
        : ['', ''],
    );
    return [operator, calls, ...shown];
  });
  return table(
    'lr',
    ['operator', 'calls', ...columns.flatMap(({ name }) => [`${name}, ms`, 'share'])],
    [...cells, ['all', '', ...totals.flatMap((total) => [total.toFixed(1), ''])]],
  );
}

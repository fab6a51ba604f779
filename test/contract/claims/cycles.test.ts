import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeModels } from './models.js';

const root = join(__dirname, '../../..');
mkdirSync(join(root, 'out'), { recursive: true });
const folder = mkdtempSync(join(root, 'out/cycles-'));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * KiB per load, in the last two thirds of the cycles: caches fill and allocators find their size in the first. A model
 * that is not disposed of costs 1,780 (measured), one of its two sessions half of that; what disposing leaves is the
 * C library's fragmentation, 13 and falling. The heap grows by half a KiB and ever less: compiled code, and the
 * numbers that this test keeps.
 */
const FLAT = { resident: 100, heap: 4 };

interface Memory {
  readonly resident: number[];
  readonly heap: number[];
}

async function cycle(device: string, cycles: number, ...flags: string[]): Promise<Memory> {
  const program = join(__dirname, 'cycles-process.mjs');
  const args = ['--expose-gc', program, join(folder, 'colour'), device, String(cycles), ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

/** Least squares over the last two thirds. */
function slope(values: readonly number[]): number {
  const late = values.slice(values.length / 3);
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [middle, level] = [(late.length - 1) / 2, mean(late)];
  const spread = late.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return late.reduce((sum, value, i) => sum + (i - middle) * (value - level), 0) / spread;
}

const runs: Record<string, Memory> = {};
beforeAll(async () => {
  await writeModels(folder);
  const start = async (name: string, ...args: Parameters<typeof cycle>) => {
    runs[name] = await cycle(...args);
  };
  await Promise.all([start('cpu', 'cpu', 300), start('wasm', 'wasm', 300), start('keep', 'cpu', 20, 'keep')]);
}, 180_000);

test.each(['cpu', 'wasm'])('300 times load, run, dispose keep memory flat on %s', (device) => {
  const { resident, heap } = runs[device] as Memory;
  expect(resident).toHaveLength(300);
  expect(slope(resident)).toBeLessThan(FLAT.resident);
  expect(slope(heap)).toBeLessThan(FLAT.heap);
});

test('models that are not disposed of would be seen by that', () => {
  expect(slope((runs.keep as Memory).resident)).toBeGreaterThan(5 * FLAT.resident);
});

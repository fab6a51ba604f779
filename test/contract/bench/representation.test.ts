import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const script = join(__dirname, '../../../bench/representation.mjs');
let root = '';
let few: string[] = [];

/** 1,000 pictures of each set as Fashion-MNIST has them: a bar whose place is the class, on noise. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'representation-'));
  for (const [set, shift] of [
    ['train', 0],
    ['t10k', 3],
  ] as const) {
    const pixels = Uint8Array.from({ length: 784_000 }, (_, at) => {
      const [picture, row] = [Math.floor(at / 784), Math.floor((at % 784) / 28)];
      return Math.floor(row / 2.8) === picture % 10 ? 200 + shift : (at * 37 + picture * 11) % 90;
    });
    const labels = Uint8Array.from({ length: 1000 }, (_, i) => i % 10);
    const write = (name: string, head: number, data: Uint8Array) =>
      writeFile(join(root, `${set}-${name}-ubyte.gz`), gzipSync(Buffer.concat([Buffer.alloc(head), data])));
    await write('images-idx3', 16, pixels);
    await write('labels-idx1', 8, labels);
  }
  const options = { train: '1000', test: '1000', seeds: '2', data: root, out: join(root, 'out') };
  few = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [script, ...few, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (text) => {
      said[stream] += text;
    });
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
}

test('tells classes that pixels show, and goes on where it was stopped', async () => {
  const only = ['--only', 'pixels,100 principal components of pixels'];
  const { code, stdout } = await run(...only);
  expect(code).toBe(0);
  const path = join(root, 'out/results.jsonl');
  const whole = await readFile(path, 'utf8');
  const lines = whole
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  // Of 900 labels, 10 and 100 are drawn twice each, 1,000 cannot be.
  expect(lines.map(({ task, labels }) => `${task} ${labels}`).slice(0, 6)).toEqual([
    ...['few 10', 'few 10', 'few 100', 'few 100', 'nearest undefined', 'full 900'],
  ]);
  expect(lines).toHaveLength(12);
  for (const { task, labels, accuracy } of lines) {
    if (task !== 'few' || labels > 10) expect(accuracy).toBeGreaterThan(0.95);
  }
  expect(stdout).toContain('| pixels | 784 |');
  await writeFile(path, whole.slice(0, -20)); // killed while it wrote
  expect((await run(...only)).code).toBe(0);
  const again = (await readFile(path, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
  expect(again).toHaveLength(12);
}, 300_000);

test.each([
  [['--only', 'pixel'], '--only pixel: expected some of pixels; '],
  [['--tasks', 'all'], '--tasks all: expected some of few; nearest; full'],
  [['--train', '1500'], '--train must be a multiple of 1000 from 1000 to 60000, got 1500'],
  [['--seeds', '0'], '--seeds must be an integer from 1 to 1000, got 0'],
])('says what is wrong with %j', async (args, message) => {
  const { code, stderr } = await run(...args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

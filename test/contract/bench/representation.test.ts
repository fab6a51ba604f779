import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createGlow, createRandom, encode, float64Ops, forwardWeights, tensor } from '@glow-onnx/flow';
import { writeModelFixture } from '../../support/model-fixture.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Float32 there and back, and its root; the differences in float64 are exact to 1e-8. */
const TOLERANCE = 1e-3;

const bench = join(__dirname, '../../../bench/representation');
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
  const [first, second] = whole.split('\n') as [string, string];
  await writeFile(path, whole.replace(second, first).slice(0, -20)); // one of two draws twice; killed while it wrote
  expect(await run(...only)).toMatchObject({ code: 0, stdout }); // a draw that stands there twice counts once
  const again = (await readFile(path, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
  expect(again).toHaveLength(11 + 4 + 1);
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

test('Fisher features are signed roots of ∂ log p(x)/∂bias, as differences in float64 give them', async () => {
  const config = tinyConfig({ bits: 8, channels: 1, hiddenChannels: 16, prior: 'learned' });
  const { directory, remove } = await writeModelFixture(config, 5);
  const flow = createGlow(config);
  const weights = forwardWeights(flow, float64Ops, randomParams(flow, 5));
  const { below } = createRandom(6);
  const images = [0, 1].map(() => Array.from({ length: 64 }, () => below(256)));
  const program = `import { openFisher } from ${JSON.stringify(pathToFileURL(join(bench, 'fisher.mjs')).href)};
    const describe = await openFisher(${JSON.stringify(directory)});
    const images = ${JSON.stringify(images)}.map((data) => ({ data, height: 8, width: 8, channels: 1 }));
    console.log(JSON.stringify((await describe(images)).map((row) => [...row])));`;
  const args = ['--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  await remove();
  expect(stderr).toBe('');
  const found: number[][] = JSON.parse(stdout);

  /** log p of both images if the input of one ReLU is moved in one channel. */
  const logProb = (moved: number, channel: number, step: number) => {
    let relus = 0;
    const ops: typeof float64Ops = {
      ...float64Ops,
      relu(h) {
        const size = h.data.length / 2 / 16;
        const isMoved = relus++ === moved;
        const by = (i: number) => (isMoved && Math.floor(i / size) % 16 === channel ? step : 0);
        return float64Ops.relu({ ...h, data: h.data.map((value, i) => value + by(i)) });
      },
    };
    const x = Float64Array.from(images.flat(), (bin) => (bin + 0.5) / 256 - 0.5);
    return encode(flow, ops, tensor([2, 1, 8, 8], x), weights).logProb.data;
  };
  const [step, hidden] = [1e-6, 2 * config.levels * config.steps];
  const [got, expected]: [number[], number[]] = [[], []];
  for (let moved = 0; moved < hidden; moved++) {
    for (const channel of [0, 7, 15]) {
      const [above, under] = [logProb(moved, channel, step), logProb(moved, channel, -step)];
      for (const n of [0, 1]) {
        const slope = ((above[n] as number) - (under[n] as number)) / (2 * step);
        expected.push(Math.sign(slope) * Math.sqrt(Math.abs(slope)));
        got.push(found[n]?.[moved * 16 + channel] as number);
      }
    }
  }
  expect(found.map((row) => row.length)).toEqual([hidden * 16, hidden * 16]);
  expect(relativeError(got, expected)).toBeLessThan(TOLERANCE);
}, 120_000);

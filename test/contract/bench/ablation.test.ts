import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createRandom } from '@glow-onnx/flow';
import { readMetrics } from '../../support/training.js';

const script = join(__dirname, '../../../bench/ablation.mjs');
let root = '';
let tiny: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ablation-'));
  const data = join(root, 'data');
  await mkdir(data);
  await writeFile(join(data, 'train-images-idx3-ubyte.gz'), gzipSync(idxOfRamps(64, 1)));
  await writeFile(join(data, 't10k-images-idx3-ubyte.gz'), gzipSync(idxOfRamps(20, 2)));
  tiny = [
    ...['--data', data, '--out', join(root, 'runs'), '--doc', join(root, 'found.md')],
    ...['--images', '64', '--steps', '1', '--hidden', '4', '--epochs', '20'],
  ];
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Images of 28×28 that get lighter to the right. */
function idxOfRamps(count: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, count, 28, 28].entries()) header.writeUInt32BE(value, 4 * i);
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => 6 * (i % 28) + 60 * random.uniform());
  return Buffer.concat([header, pixels]);
}

function run(args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }));
  });
  return { child, ended };
}

const otherRun = 'tutorial-1 is a run of another size or other settings; pass another --out';

const resultOf = async (name: string) =>
  JSON.parse(await readFile(join(root, 'runs', name, 'result.json'), 'utf8'));

test('a comparison that is stopped midway goes on there, does nothing twice, and tells means over seeds', async () => {
  const out = join(root, 'runs/tutorial-1');
  const lines = async () => (await readMetrics(out).catch(() => [])).filter((line) => 'rate' in line);
  const first = run([...tiny, '--only', 'tutorial', '--seeds', '1']);
  while ((await lines()).length < 2) await sleep(20);
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 130 });
  const before = await lines();
  expect(before.length).toBeLessThan(20);

  const wider = await run([...tiny, '--only', 'tutorial', '--seeds', '1', '--hidden', '8']).ended;
  expect(wider).toMatchObject({ code: 1, stderr: expect.stringContaining(otherRun) });
  // As if killed between two renames, and another run between its first two files.
  await rename(join(out, 'last.safetensors'), join(out, 'previous.safetensors'));
  await mkdir(join(root, 'runs/port-1'));
  await copyFile(join(out, 'best.safetensors'), join(root, 'runs/port-1/best.safetensors'));

  const all = [...tiny, '--only', 'tutorial,port', '--seeds', '1,2'];
  expect(await run(all).ended).toMatchObject({ code: 0 });
  const after = await lines();
  expect(after.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(after.slice(0, before.length)).toEqual(before);

  const scores = await Promise.all(['tutorial-1', 'tutorial-2', 'port-1', 'port-2'].map(resultOf));
  const [a, b, c, d] = scores.map(({ bitsPerDim }) => bitsPerDim as number);
  expect(scores[0]).toMatchObject({ testImages: 20, steps: 20, settings: { seed: 1 } });
  const found = await readFile(join(root, 'found.md'), 'utf8');
  // Of two values the sample standard deviation is their distance over √2.
  const line = (x: number, y: number) =>
    `${((x + y) / 2).toFixed(3).replace('-', '−')} ± ${(Math.abs(x - y) / Math.SQRT2).toFixed(3)}`;
  expect(found).toContain(`| tutorial | ${line(a, b)} | ${a.toFixed(3)}, ${b.toFixed(3)} |`);
  expect(found).toContain(`| tutorial less port | ${line(a - c, b - d)} | `);
  expect(await readFile(join(root, 'found-presets.svg'), 'utf8')).toMatch(/^<svg xmlns.*tutorial/s);

  const { mtimeMs } = await stat(join(out, 'result.json'));
  const again = await run(all).ended;
  expect(again.stderr).toContain('4 of 4 runs are done already');
  expect((await stat(join(out, 'result.json'))).mtimeMs).toBe(mtimeMs);
  expect(await readFile(join(root, 'found.md'), 'utf8')).toBe(found);

  const part = await run([...tiny, '--only', 'port', '--seeds', '2']).ended;
  expect(part.stderr).toContain('1 of 1 runs are done already');
  expect(await readFile(join(root, 'found.md'), 'utf8')).toBe(found);

  const other = await run([...all, '--hidden', '8']).ended;
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining(otherRun) });
}, 240_000);

test('absent data is named, with the package that has it', async () => {
  const { code, stderr } = await run(['--data', root]).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('apt-get install dataset-fashion-mnist, or pass --data');
});

import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, createRandom, parseSafetensors } from '@glow-onnx/flow';
import { type GlowModel, loadGlow, type RawImage, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { main } from '../../packages/runtime/src/cli/main.js';
import { type ModelFixture, writeModelFixture } from '../model-fixture.js';

const config = createConfig({
  channels: 3,
  height: 8,
  width: 8,
  levels: 2,
  steps: 2,
  hiddenChannels: 8,
  bits: 5,
});
let fixture: ModelFixture;
let model: GlowModel;
let work: string;
let folder: string;
let images: RawImage[];

beforeAll(async () => {
  fixture = await writeModelFixture(config, 17);
  folder = fixture.directory;
  model = await loadGlow(folder);
  work = await mkdtemp(join(tmpdir(), 'glow-cli-'));
  images = [0, 1].map((index) => {
    const random = createRandom(19, index);
    const data = Uint8Array.from({ length: 192 }, () => random.below(256));
    return { data, height: 8, width: 8, channels: 3 };
  });
  for (const [i, image] of images.entries()) await writePng(at(`${i}.png`), image);
});
afterAll(async () => {
  await model.dispose();
  await fixture.remove();
  await rm(work, { recursive: true });
});

const at = (name: string) => join(work, name);
const bins = (data: Uint8Array) => [...data].map((p) => p >> 3);
async function pixels(path: string): Promise<Uint8Array> {
  return sharp(path).raw().toBuffer();
}

/** Runs the command in this process. */
async function glow(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main(argv, '1.2.3', {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

test('encode and decode give the same pixels back', async () => {
  const encoded = await glow(
    'encode',
    folder,
    at('0.png'),
    at('1.png'),
    '--out',
    at('z.safetensors'),
    '--json',
  );
  expect(encoded).toMatchObject({ code: 0, err: '' });
  const { logProb } = await model.encode(images);
  expect(JSON.parse(encoded.out).images).toEqual([
    { image: at('0.png'), logProb: logProb[0] },
    { image: at('1.png'), logProb: logProb[1] },
  ]);
  const { tensors, metadata } = parseSafetensors(await readFile(at('z.safetensors')));
  expect(Object.entries(tensors).map(([name, { shape }]) => [name, shape])).toEqual([
    ['log_prob', [2]],
    ['z0', [2, 6, 4, 4]],
    ['z1', [2, 24, 2, 2]],
  ]);
  expect(JSON.parse(metadata.images as string)).toEqual([at('0.png'), at('1.png')]);

  const decoded = await glow('decode', folder, at('z.safetensors'), '--out', at('decoded'));
  expect(decoded).toEqual({ code: 0, err: '', out: `wrote 2 pictures to ${at('decoded')}\n` });
  for (const [i, { data }] of images.entries()) {
    expect(bins(await pixels(at(`decoded/image-00${i}.png`)))).toEqual(bins(data));
  }
});

test("decode takes the model folder's golden file", async () => {
  const { code } = await glow('decode', folder, join(folder, 'golden.safetensors'), '--out', at('golden'));
  expect(code).toBe(0);
});

test('sample writes one picture, enlarged, or a folder of plain ones', async () => {
  const flags = ['--count', '3', '--seed', '5', '--temperature', '0.8'];
  expect((await glow('sample', folder, ...flags, '--out', at('grid.png'), '--columns', '3')).code).toBe(0);
  // 8 pixels enlarged to 128, twice a gap of 4.
  expect(await sharp(at('grid.png')).metadata()).toMatchObject({
    width: 3 * 128 + 8,
    height: 128,
    channels: 3,
  });
  const { code, out } = await glow('sample', folder, ...flags, '--out', at('samples'), '--json');
  expect(code).toBe(0);
  const { images: paths } = JSON.parse(out);
  const expected = await model.sample({ count: 3, seed: 5, temperature: 0.8 });
  expect(paths).toHaveLength(3);
  for (const [i, path] of paths.entries())
    expect(await pixels(path)).toEqual(Buffer.from((expected[i] as RawImage).data));
});

test('interpolate draws a strip whose ends are the pictures', async () => {
  const flags = ['--steps', '3', '--scale', '1', '--mode', 'spherical', '--out', at('strip.png')];
  expect(await glow('interpolate', folder, at('0.png'), at('1.png'), ...flags)).toMatchObject({
    code: 0,
    err: '',
  });
  const width = 3 * 8 + 2 * 4;
  expect(await sharp(at('strip.png')).metadata()).toMatchObject({ width, height: 8 });
  const part = (left: number) =>
    sharp(at('strip.png')).extract({ left, top: 0, width: 8, height: 8 }).raw().toBuffer();
  expect(bins(await part(0))).toEqual(bins(images[0]?.data as Uint8Array));
  expect(bins(await part(width - 8))).toEqual(bins(images[1]?.data as Uint8Array));
});

test('score tells bits/dim and log density, for people and for scripts', async () => {
  const bitsPerDim = await model.bitsPerDim(images, { draws: 2, seed: 3 });
  const { logProb } = await model.encode(images);
  const flags = ['--draws', '2', '--seed', '3'];
  const { out } = await glow('score', folder, at('0.png'), at('1.png'), ...flags, '--json');
  expect(JSON.parse(out)).toEqual({
    draws: 2,
    seed: 3,
    mean: ((bitsPerDim[0] as number) + (bitsPerDim[1] as number)) / 2,
    images: [0, 1].map((i) => ({ image: at(`${i}.png`), bitsPerDim: bitsPerDim[i], logProb: logProb[i] })),
  });
  const table = (await glow('score', folder, at('0.png'), at('1.png'), ...flags)).out.split('\n');
  expect(table[0]).toMatch(/^image +bits\/dim +log p \(nats\)$/);
  expect(table[1]).toContain(bitsPerDim[0]?.toFixed(4));
  expect(table[3]).toMatch(/^mean +\d+\.\d{4}$/);
});

test('info describes the folder and verifies every file', async () => {
  const { code, out } = await glow('info', folder);
  expect(code).toBe(0);
  expect(out).toContain('2 levels × 2 steps, 8 hidden channels');
  expect(out).toContain('z0 6×4×4, z1 24×2×2');
  expect(JSON.parse((await glow('info', folder, '--json')).out)).toMatchObject({ verified: true, config });
  const copy = at('copy');
  await cp(folder, copy, { recursive: true });
  await writeFile(join(copy, 'golden.safetensors'), 'other');
  expect(await glow('info', copy)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/golden\.safetensors has 5/),
  });
});

test('nothing is overwritten without --force', async () => {
  await writeFile(at('kept.png'), 'kept');
  const sample = ['sample', folder, '--count', '1', '--out', at('kept.png')];
  expect(await glow(...sample)).toEqual({
    code: 1,
    out: '',
    err: `glow: ${at('kept.png')} exists already; choose another --out or pass --force\n`,
  });
  expect(await readFile(at('kept.png'), 'utf8')).toBe('kept');
  expect((await glow(...sample, '--force')).code).toBe(0);
  expect((await sharp(at('kept.png')).metadata()).format).toBe('png');
});

test.each<[string, () => string[], number, RegExp]>([
  ['an unknown command', () => ['encod'], 2, /unknown command 'encod'/],
  ['no command', () => [], 2, /Usage: glow/],
  ['a missing --out', () => ['sample', folder], 2, /required option '--out <path>' not specified/],
  [
    'a count of zero',
    () => ['sample', folder, '--out', 'x', '--count', '0'],
    2,
    /must be an integer from 1 on/,
  ],
  [
    'a mode that is none',
    () => ['interpolate', folder, 'a', 'b', '--out', 'x', '--mode', 'x'],
    2,
    /Allowed choices/,
  ],
  ['no model folder', () => ['info', at('none')], 1, /^glow: .*none: no manifest\.json there; .*\n$/],
  [
    'a missing picture',
    () => ['score', folder, at('no.png')],
    1,
    /^glow: bitsPerDim: .*no\.png: the picture .*\n$/,
  ],
  [
    'latents that are none',
    () => ['decode', folder, at('0.png'), '--out', at('y')],
    1,
    /^glow: safetensors: .*\n$/,
  ],
  [
    'a label for no classes',
    () => ['sample', folder, '--out', at('y.png'), '--label', '1'],
    1,
    /has no classes/,
  ],
])('%s is one clear line and an exit code', async (_, argv, code, message) => {
  const before = await readdir(work);
  const result = await glow(...argv());
  expect(result).toMatchObject({ code, out: '' });
  expect(result.err).toMatch(message);
  expect(await readdir(work)).toEqual(before);
});

test('--help and --version are no errors', async () => {
  expect(await glow('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  expect((await glow('sample', '--help')).out).toContain('--temperature <t>');
});

test('runs as built', async () => {
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, ['packages/runtime/bin/glow.js', ...argv], { encoding: 'utf8' });
  const { status, stdout, stderr } = run('score', folder, at('0.png'), '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout).images[0].bitsPerDim).toBeGreaterThan(0);
  const { version } = JSON.parse(await readFile('packages/runtime/package.json', 'utf8'));
  expect(run('--version').stdout).toBe(`${version}\n`);
  expect(run('info', at('none'))).toMatchObject({ status: 1, stdout: '' });
});

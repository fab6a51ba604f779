import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime/node';
import { readInputs } from '../../../packages/runtime/src/cli/inputs.js';
import { glow } from '../../support/glow-command.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Two feature maps of five channels. */
const shape = [2, 5, 8, 8];
const { normal } = createRandom(31);
const data = Float32Array.from({ length: 640 }, () => 2 * normal());
/** Float32 there and back through two levels of two steps. */
const THERE_AND_BACK = 1e-4;

let fixture: ModelFixture;
let model: string;
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  fixture = await writeModelFixture(tinyConfig({ bits: 0, channels: 5 }), 33);
  model = fixture.directory;
  folder = await mkdtemp(join(tmpdir(), 'glow-numbers-'));
  const x = { dtype: 'F32' as const, shape, data };
  await writeFile(at('x.safetensors'), encodeSafetensors({ x }));
  await writeFile(at('two.safetensors'), encodeSafetensors({ x, y: { ...x, data: data.map((v) => -v) } }));
  await writeFile(at('flat.safetensors'), encodeSafetensors({ x: { ...x, shape: [640] } }));
});
afterAll(async () => {
  await fixture.remove();
  await rm(folder, { recursive: true });
});

async function tensorOf(name: string) {
  const { tensors } = parseSafetensors(await readFile(at(name)));
  return tensors.x;
}

test('encode and decode take and give tensors, and lose nothing', async () => {
  const encoded = await glow('encode', model, at('x.safetensors'), '--out', at('z.safetensors'), '--json');
  expect(encoded).toMatchObject({ code: 0, err: '' });
  const names = [0, 1].map((i) => `${at('x.safetensors')}[${i}]`);
  expect(JSON.parse(encoded.out).images.map(({ image }: { image: string }) => image)).toEqual(names);
  const decoded = await glow('decode', model, at('z.safetensors'), '--out', at('same.safetensors'));
  expect(decoded).toEqual({ code: 0, err: '', out: `wrote x 2×5×8×8 to ${at('same.safetensors')}\n` });
  const same = await tensorOf('same.safetensors');
  expect(same.shape).toEqual(shape);
  const errors = Array.from(same.data as Float32Array, (value, i) => Math.abs(value - data[i]));
  expect(Math.max(...errors)).toBeLessThan(THERE_AND_BACK);
});

test('sample writes what sampleFloats draws', async () => {
  const flags = ['--count', '3', '--seed', '5', '--temperature', '0.8', '--out', at('new.safetensors')];
  expect(await glow('sample', model, ...flags)).toMatchObject({ code: 0, err: '' });
  const loaded = await loadGlow(model);
  const drawn = await loaded.sampleFloats({ count: 3, seed: 5, temperature: 0.8 });
  await loaded.dispose();
  expect(await tensorOf('new.safetensors')).toMatchObject({
    shape: [3, 5, 8, 8],
    data: Float32Array.from(drawn.flatMap((each) => [...each.data])),
  });
});

test('score gives the bits of the density, for people and for scripts', async () => {
  const { out } = await glow('score', model, at('x.safetensors'), '--json');
  const { images, ...facts } = JSON.parse(out);
  expect(Object.keys(facts).sort()).toEqual(['fitted', 'leftOut', 'mean']);
  const loaded = await loadGlow(model);
  const items = [0, 1].map((i) => ({ shape: [5, 8, 8] as const, data: data.slice(320 * i, 320 * (i + 1)) }));
  const scores = await loaded.score(items);
  await loaded.dispose();
  expect(images).toEqual(scores.map((score, i) => ({ image: `${at('x.safetensors')}[${i}]`, ...score })));
  const lines = (await glow('score', model, at('x.safetensors'), '--shard', '2/2')).out.split('\n');
  expect(lines[1]).toContain(`[1]`);
  expect(lines[1]).toMatch(/ - +- +- +-$/);
  expect(lines[3]).toBe('bits/dim: of the density of the numbers; they may be negative');

  const kept = ['--out', at('scores.jsonl')];
  expect((await glow('score', model, at('x.safetensors'), ...kept)).out).toMatch(
    /^wrote .*2 feature maps scored/,
  );
  expect((await glow('score', model, at('x.safetensors'), ...kept, '--resume')).out).toMatch(/^kept/);
});

test('an item that fails is named by its file, and is no image', async () => {
  const bad = {
    dtype: 'F32' as const,
    shape,
    data: data.map((value, i) => (i === 330 ? Number.NaN : value)),
  };
  await writeFile(at('bad.safetensors'), encodeSafetensors({ x: bad }));
  const { err } = await glow('score', model, at('x.safetensors'), at('bad.safetensors'));
  const name = `${at('bad.safetensors')}[1]`;
  expect(err).toBe(`glow: 1 of 4 feature maps failed:\n  ${name}: data holds NaN at 10; it must be finite\n`);
  const kept = await glow('score', model, at('bad.safetensors'), '--shard', '2/2', '--out', at('bad.jsonl'));
  expect(kept.out).toContain('0 feature maps scored; 1 feature map could not be scored:\n');
  expect(await readFile(at('bad.jsonl'), 'utf8')).toContain(`"error":"${name}: data holds NaN`);
});

test('numbers of a program are named by their place among the feature maps', async () => {
  const loaded = await loadGlow(model);
  const item = { shape: [5, 8, 8] as const, data: data.slice(0, 320) };
  for (const nameless of [{}, { name: '' }]) {
    await expect(loaded.encode([item, { ...item, ...nameless, data: data.slice(1) }])).rejects.toThrow(
      'encode: 1 of 2 feature maps failed: feature map 1: expected data',
    );
  }
  await loaded.dispose();
});

test('of a file, a shard reads its own items only', async () => {
  const small = { dtype: 'F32' as const, shape: [1, 5, 8, 8], data: data.slice(0, 320) };
  await writeFile(at('small.safetensors'), encodeSafetensors({ x: small }));
  // 20 GB that take no space on the disk.
  const [items, side] = [1000, 1024];
  const header = JSON.stringify({
    x: { dtype: 'F32', shape: [items, 5, side, side], data_offsets: [0, 4 * items * 5 * side ** 2] },
  }).padEnd(128);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(header.length));
  await writeFile(at('large.safetensors'), Buffer.concat([start, Buffer.from(header)]));
  await truncate(at('large.safetensors'), 8 + header.length + 4 * items * 5 * side ** 2);
  const files = [at('small.safetensors'), at('large.safetensors')];
  const { names } = await readInputs(files, { shard: { index: 1, count: 500 } });
  expect(names).toEqual([`${files[0]}[0]`, `${files[1]}[0]`]);
});

test('--tensor chooses among several', async () => {
  const scored = await glow('score', model, at('two.safetensors'), '--tensor', 'x', '--json');
  const only = await glow('score', model, at('x.safetensors'), '--json');
  const bits = (outcome: { out: string }) =>
    JSON.parse(outcome.out).images.map(({ bitsPerDim }: { bitsPerDim: number }) => bitsPerDim);
  expect(bits(scored)).toEqual(bits(only));
});

test('--resume refuses the scores of another tensor', async () => {
  const resume = (tensor: string) => {
    const flags = ['--tensor', tensor, '--out', at('tensor.jsonl'), '--resume'];
    return glow('score', model, at('two.safetensors'), ...flags);
  };
  expect((await resume('x')).out).toMatch(/^wrote/);
  const before = await readFile(at('tensor.jsonl'), 'utf8');
  expect((await resume('x')).out).toMatch(/^kept/);
  expect(await resume('y')).toMatchObject({ code: 1, err: expect.stringContaining('--label or --tensor;') });
  expect(await readFile(at('tensor.jsonl'), 'utf8')).toBe(before);
});

test('info says that the model has numbers', async () => {
  const { out } = await glow('info', model);
  expect(out).toMatch(/^feature maps +5×8×8, numbers$/m);
});

test.each<[string, () => string[], RegExp]>([
  [
    'decode to pictures',
    () => ['decode', model, at('z.safetensors'), '--out', at('p.png')],
    /numbers, not pixels; pass --out FILE\.safetensors/,
  ],
  [
    'sample of pictures',
    () => ['sample', model, '--out', at('p.png')],
    /numbers, not pixels; pass --out FILE\.safetensors/,
  ],
  [
    'draws of numbers',
    () => ['score', model, at('x.safetensors'), '--draws', '4'],
    /--draws: this model takes numbers.*leave draws out/,
  ],
  [
    'a file of two tensors',
    () => ['score', model, at('two.safetensors')],
    /two\.safetensors: expected one tensor, got x, y; pass --tensor/,
  ],
  [
    'a tensor of another form',
    () => ['score', model, at('flat.safetensors')],
    /flat\.safetensors: tensor "x": expected F32.*got F32 \[640\]/,
  ],
  [
    'a tensor that is not there',
    () => ['encode', model, at('x.safetensors'), '--tensor', 'y', '--out', at('q')],
    /has no tensor "y"; its tensors are x/,
  ],
  ['a file that is not there', () => ['score', model, at('none.safetensors')], /none\.safetensors/],
  [
    'pictures and tensors',
    () => ['score', model, 'a.png', at('x.safetensors')],
    /a\.png is no \.safetensors file/,
  ],
  ['--tensor with pictures', () => ['score', model, 'a.png', '--tensor', 'x'], /--tensor: x is in no file/],
  [
    'a file that exists',
    () => ['sample', model, '--out', at('x.safetensors')],
    /x\.safetensors.*exists|exists.*x\.safetensors/,
  ],
])('refuses %s in one line', async (_, argv, message) => {
  const { code, err } = await glow(...argv());
  expect(code).toBe(1);
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
});

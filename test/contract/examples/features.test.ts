import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors, type SafetensorsInput } from '@glow-onnx/flow/internal';
import sharp from 'sharp';
import { relativeError } from '../../support/numeric.js';

const root = join(__dirname, '../../..');
const pictures = join(root, 'examples/node/pictures');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'glow-features-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Random weights in the shapes of EfficientNet-Lite0: the trained ones are a download. */
function writeWeights(path: string): Record<string, SafetensorsInput> {
  const random = createRandom(61);
  const tensors: Record<string, SafetensorsInput> = {};
  const set = (name: string, shape: number[], value: () => number) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    tensors[name] = { dtype: 'F32', shape, data: Float32Array.from({ length: size }, value) };
  };
  const layer = (name: string, norm: string, shape: number[]) => {
    const deviation = Math.sqrt(2 / (shape[1] * shape[2] * shape[3]));
    set(`${name}.weight`, shape, () => deviation * random.normal());
    for (const part of ['weight', 'running_var'])
      set(`${norm}.${part}`, [shape[0]], () => 0.5 + random.uniform());
    for (const part of ['bias', 'running_mean'])
      set(`${norm}.${part}`, [shape[0]], () => 0.3 * random.normal());
  };
  layer('_conv_stem', '_bn0', [32, 3, 3, 3]);
  const widths: [inputs: number, wide: number, outputs: number, kernel: number][] = [
    [32, 32, 16, 3],
    [16, 96, 24, 3],
    [24, 144, 24, 3],
    [24, 144, 40, 5],
    [40, 240, 40, 5],
  ];
  for (const [i, [inputs, wide, outputs, kernel]] of widths.entries()) {
    const place = `_blocks.${i}`;
    if (i > 0) layer(`${place}._expand_conv`, `${place}._bn0`, [wide, inputs, 1, 1]);
    layer(`${place}._depthwise_conv`, `${place}._bn1`, [wide, 1, kernel, kernel]);
    layer(`${place}._project_conv`, `${place}._bn2`, [outputs, wide, 1, 1]);
  }
  writeFileSync(path, encodeSafetensors(tensors));
  return tensors;
}

/** Channels × height × width numbers. */
interface Maps {
  readonly channels: number;
  readonly side: number;
  readonly data: Float64Array;
}

/** The network in float64, by plain loops: normalisation is a step of its own, and padding is a test of the border. */
function reference(tensors: Record<string, SafetensorsInput>, pixels: Uint8Array, side: number): Maps {
  const part = (name: string) => tensors[name].data as Float32Array;
  const layer = (x: Maps, name: string, norm: string, stride = 1, depthwise = false): Maps => {
    const { shape } = tensors[`${name}.weight`];
    const [outputs = 0, inputs = 0, kernel = 0] = shape;
    const size = x.side / stride;
    const before = Math.floor((kernel - stride) / 2);
    const data = new Float64Array(outputs * size * size);
    for (let at = 0; at < data.length; at++) {
      const [o, row, column] = [Math.floor(at / size ** 2), Math.floor(at / size) % size, at % size];
      let sum = 0;
      for (let k = 0; k < inputs * kernel * kernel; k++) {
        const [i, dy, dx] = [Math.floor(k / kernel ** 2), Math.floor(k / kernel) % kernel, k % kernel];
        const [y, z] = [row * stride + dy - before, column * stride + dx - before];
        if (y < 0 || z < 0 || y >= x.side || z >= x.side) continue;
        const value = x.data[((depthwise ? o : i) * x.side + y) * x.side + z];
        sum += value * part(`${name}.weight`)[o * inputs * kernel * kernel + k];
      }
      const deviation = Math.sqrt(part(`${norm}.running_var`)[o] + 1e-3);
      const normalised = (sum - part(`${norm}.running_mean`)[o]) / deviation;
      data[at] = normalised * part(`${norm}.weight`)[o] + part(`${norm}.bias`)[o];
    }
    return { channels: outputs, side: size, data };
  };
  const bounded = (x: Maps): Maps => ({ ...x, data: x.data.map((v) => Math.min(Math.max(v, 0), 6)) });
  const place = side * side;
  const image = Float64Array.from({ length: 3 * place }, (_, at) => {
    return (pixels[3 * (at % place) + Math.floor(at / place)] - 127) / 128;
  });
  let y = bounded(layer({ channels: 3, side, data: image }, '_conv_stem', '_bn0', 2));
  for (const [i, stride] of [1, 2, 1, 2, 1].entries()) {
    const at = `_blocks.${i}`;
    const wide = i === 0 ? y : bounded(layer(y, `${at}._expand_conv`, `${at}._bn0`));
    const mixed = bounded(layer(wide, `${at}._depthwise_conv`, `${at}._bn1`, stride, true));
    const narrow = layer(mixed, `${at}._project_conv`, `${at}._bn2`);
    const before = y;
    y = i === 2 || i === 4 ? { ...narrow, data: narrow.data.map((v, k) => v + before.data[k]) } : narrow;
  }
  return y;
}

function run(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('the example turns pictures into features, and a flow trains on them and scores them', () => {
  const [weights, out] = [join(folder, 'weights.safetensors'), join(folder, 'features.safetensors')];
  writeWeights(weights);
  const script = ['examples/features/features.mjs', '--weights', weights, '--size', '32', '--out', out];
  const made = run(...script, pictures);
  expect(made).toMatchObject({ status: 0, stderr: '' });
  const { tensors, metadata } = parseSafetensors(readFileSync(out));
  const { length: count } = JSON.parse(metadata.images);
  expect(made.stdout).toBe(`wrote ${out}: ${count} × 40×4×4\n`);
  expect(tensors.features.shape).toEqual([count, 40, 4, 4]);

  const glow = 'packages/glow-onnx/bin/glow-onnx.js';
  const [runs, model] = [join(folder, 'run'), join(folder, 'model')];
  const small = ['--levels', '1', '--steps', '1', '--hidden', '8', '--batch', '2', '--epochs', '1'];
  const flags = ['--device', 'wasm', '--threads', '1'];
  expect(run(glow, 'train', '--data', out, '--out', runs, ...small, ...flags)).toMatchObject({ status: 0 });
  expect(run(glow, 'export', join(runs, 'best.safetensors'), '--out', model)).toMatchObject({ status: 0 });
  const scored = run(glow, 'score', model, out, '--json');
  expect(scored).toMatchObject({ status: 0, stderr: '' });
  const { images } = JSON.parse(scored.stdout);
  expect(images).toHaveLength(count);
  expect(images[0]).toMatchObject({ image: `${out}[0]`, complexity: null });
}, 240_000);

test('the network computes what plain loops in float64 do', async () => {
  const [weights, out, picture] = ['loops.safetensors', 'maps.safetensors', 'noise.png'].map((name) =>
    join(folder, name),
  );
  const tensors = writeWeights(weights);
  const random = createRandom(62);
  const pixels = Uint8Array.from({ length: 3 * 16 * 16 }, () => random.below(256));
  await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toFile(picture);
  const script = 'examples/features/features.mjs';
  expect(run(script, '--weights', weights, '--size', '16', '--out', out, picture)).toMatchObject({
    status: 0,
  });
  const { features } = parseSafetensors(readFileSync(out)).tensors;
  const { data } = reference(tensors, pixels, 16);
  expect(features.shape).toEqual([1, 40, 2, 2]);
  expect(relativeError(features.data as Float32Array, data)).toBeLessThan(1e-5); // float32 through 15 convolutions
});

test('the example says what it expects', () => {
  expect(run('examples/features/features.mjs').stderr).toContain(
    'expected --weights FILE --out FILE.safetensors',
  );
  const weights = join(folder, 'weights.safetensors');
  const out = join(folder, 'odd.safetensors');
  const odd = run(
    'examples/features/features.mjs',
    '--weights',
    weights,
    '--size',
    '30',
    '--out',
    out,
    pictures,
  );
  expect(odd.stderr).toContain('expected RGB bytes with sides that 8 divides, got 30×30');
});

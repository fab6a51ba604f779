import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors, type SafetensorsInput } from '@glow-onnx/flow/internal';

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

function run(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' }, // Jest's own
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

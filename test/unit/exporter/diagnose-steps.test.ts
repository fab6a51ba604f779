import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import {
  type Checkpoint,
  createGlow,
  createRandom,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  parseManifest,
  tensor,
} from '@glow-onnx/flow';
import { filled, parseSafetensors } from '@glow-onnx/flow/internal';
import { parseGolden } from '@glow-onnx/runtime/session';
import { diagnoseSteps } from '../../../packages/exporter/src/verify/diagnose-steps.js';
import { spectralNorm } from '../../../packages/exporter/src/verify/spectral-norm.js';
import { alterFile } from '../../support/altered-folder.js';
import { randomParams, randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, steps: 3, conv1x1: 'full' });
const glow = createGlow(config);
const checkpoint: Checkpoint = { config, params: randomParams(glow, 71), initialised: true };

let folder = '';
let out = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glow-verify-'));
  out = join(folder, 'model');
});
afterEach(() => rmSync(folder, { recursive: true }));

const manifestOf = () => parseManifest(readFileSync(join(out, 'manifest.json'), 'utf8'));

describe('what verify says of steps', () => {
  const diagnosisOf = async (...given: Parameters<typeof exportModel>) =>
    (await exportModel(...given)).diagnosis;

  test('is there for weights larger than an array can be', async () => {
    await exportModel(checkpoint, { out });
    const verifying = {
      folder: out,
      manifest: manifestOf(),
      golden: parseGolden(readFileSync(join(out, 'golden.safetensors'))),
    };
    const diagnosis = await diagnoseSteps(verifying);
    truncateSync(join(out, 'onnx/weights.bin'), 2 ** 33); // the rest is a hole
    expect(await diagnoseSteps(verifying)).toEqual(diagnosis);
  });

  test('is their condition, as float64 has it of the parameters', async () => {
    const weight = randomTensor([12, 12], createRandom(72));
    const name = 'levels.0.steps.1.conv1x1.weight';
    const { trainable, fixed } = checkpoint.params;
    const odd: Checkpoint = { ...checkpoint, params: { trainable: { ...trainable, [name]: weight }, fixed } };
    const diagnosis = await diagnosisOf(odd, { out, tolerance: 100 });
    const logScale = trainable['levels.0.steps.1.actnorm.logScale'].data;
    const folded = tensor(
      weight.shape,
      weight.data.map((value, i) => value * Math.exp(logScale[i % 12])),
    );
    const values = singularValues(folded);
    const expected = Math.max(...values) / Math.min(...values);
    const found = diagnosis.steps.find(({ step }) => step === 'levels.0.steps.1');
    expect(expected).toBeGreaterThan(5);
    expect((found?.conditionOfW ?? 0) / expected).toBeCloseTo(1, 2);
    // Level 1 takes all 12 channels of level 0 in: columns of zeros that must not count.
    const first = diagnosis.steps.find(({ step }) => step === 'levels.1.steps.0');
    const forward = forwardWeights(glow, float64Ops, odd.params);
    const scales = trainable['levels.1.steps.0.actnorm.logScale'].data;
    const own = forward['levels.1.steps.0.conv1x1'].matrix;
    const foldedFirst = singularValues(
      tensor(
        own.shape,
        own.data.map((value, i) => value * Math.exp(scales[i % 24])),
      ),
    );
    const condition = Math.max(...foldedFirst) / Math.min(...foldedFirst);
    expect((first?.conditionOfW ?? 0) / condition).toBeCloseTo(1, 2);
  });

  test('is the smallest scale and the largest activation, as a float64 run of the layers sees them', async () => {
    const diagnosis = await diagnosisOf(checkpoint, { out });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    const seen: Record<string, Float64Tensor> = {};
    const weights = forwardWeights(glow, float64Ops, checkpoint.params);
    let h = tensor(tensors.x.shape, Float64Array.from(tensors.x.data as Float32Array));
    for (const { name, layer } of glow.levels[0].layers) {
      const ops = {
        ...float64Ops,
        named: (value: Float64Tensor, own: string) => {
          seen[`${name}.${own}`] = value;
          return value;
        },
      };
      h = layer.forward(ops, h, weights[name]).y;
      seen[`${name}.y`] = h;
    }
    const place = 'levels.0.steps.1';
    const found = diagnosis.steps.find(({ step }) => step === place);
    const smallest = Math.exp(Math.min(...seen[`${place}.coupling.logScale`].data));
    expect((found?.smallestScale ?? 0) / smallest).toBeCloseTo(1, 4);
    const largest = Math.max(...seen[`${place}.coupling.y`].data.map(Math.abs));
    expect(found?.largestActivation).toBeGreaterThanOrEqual(largest * 0.999);
    expect(found?.largestActivation).toBeLessThan(largest * 3);
    expect(diagnosis.firstNonFiniteInDecode).toBeNull();
  });

  test('is the first step of decode that is not finite', async () => {
    await exportModel(checkpoint, { out });
    // Bias of the last level's middle step, small enough to be inside the graph: spoil it in the file.
    await alterFile(out, 'onnx/decode.onnx', (bytes) =>
      makeInfinite(bytes, 'levels.1.steps.1.actnorm.inverseBias'),
    );
    const { diagnosis, ok } = await verifyFolder(out);
    expect(ok).toBe(false);
    expect(diagnosis?.firstNonFiniteInDecode).toBe('levels.1.steps.1');
  });
});

/** Makes the first number of a weight infinite. */
function makeInfinite(bytes: Uint8Array, name: string): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = copy.lastIndexOf(Buffer.from(name)); // a tensor's raw data follow its name
  const raw = copy.indexOf(Buffer.from([0x4a]), at + name.length); // field 9, raw_data
  copy.writeFloatLE(Number.POSITIVE_INFINITY, raw + 2);
  return copy;
}

test.each([1, 4, 12, 30])('the norm of a matrix of order %i is its largest singular value', (n) => {
  const matrix = randomTensor([n, n], createRandom(76 + n));
  expect(spectralNorm(matrix) / Math.max(...singularValues(matrix))).toBeCloseTo(1, 3);
  const padded = filled([n, 2 * n]);
  matrix.data.forEach((value, i) => {
    padded.data[Math.floor(i / n) * 2 * n + n + (i % n)] = value;
  });
  expect(spectralNorm(padded)).toBeCloseTo(spectralNorm(matrix), 3);
});

/** Singular values by Jacobi rotations of columns until all are orthogonal: a method unlike power iteration. */
function singularValues(matrix: Float64Tensor): number[] {
  const n = matrix.shape[1];
  const columns = Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: matrix.shape[0] }, (_, i) => matrix.data[i * n + j]),
  );
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [a, b, c] = [
          dot(columns[p], columns[p]),
          dot(columns[q], columns[q]),
          dot(columns[p], columns[q]),
        ];
        if (Math.abs(c) < 1e-15 * Math.sqrt(a * b)) continue;
        const zeta = (b - a) / (2 * c);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cos = 1 / Math.sqrt(1 + t * t);
        const sin = cos * t;
        [columns[p], columns[q]] = [
          columns[p].map((value, i) => cos * value - sin * columns[q][i]),
          columns[q].map((value, i) => sin * columns[p][i] + cos * value),
        ];
      }
    }
  }
  return columns.map((column) => Math.sqrt(dot(column, column)));
}

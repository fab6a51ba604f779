import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  createGlow,
  encode,
  encodeCheckpoint,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  type Named,
  parseCheckpoint,
  tensor,
} from '@glow-onnx/flow';
import { safetensorsNumbers } from '@glow-onnx/flow/internal';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { glowExport } from '../../support/glow-export.js';
import { relativeError } from '../../support/numeric.js';
import {
  type ModuleCase,
  moduleCases,
  moduleHash,
  moduleValues,
  savedCase,
} from '../../support/pytorch-module.js';
import { checkpoint, temporaryFolder } from './fixture.js';

/** Of the largest number. PyTorch sums in another order. */
const tolerances = { float64: 1e-9, float32: 1e-6 } as const;
/** Central differences with a step of 1e-6 of sums near 1e3 err by about 1e-7; a ReLU that changes side adds to it. */
const SLOPE_TOLERANCE = 1e-5;

const { tensors, sha256 } = moduleValues();
const at = temporaryFolder();

function encoded({ checkpoint: { config, params }, x, label }: ModuleCase, trainable?: Named<Float64Tensor>) {
  const glow = createGlow(config);
  const weights = forwardWeights(glow, float64Ops, { ...params, ...(trainable && { trainable }) });
  return encode(glow, float64Ops, x, weights, label);
}

test('the values are those of the module as it is; PYTHON=python3 npx jest pytorch-module renews them', () => {
  expect(sha256).toBe(moduleHash());
});

describe.each(moduleCases.map((value, i) => [value.name, i, value] as const))(
  'in PyTorch, %s',
  (_, i, value) => {
    const read = (name: string) => safetensorsNumbers(tensors[`${i}.${name}`]);

    test.each(['float64', 'float32'] as const)('gives the same latents, log p(x) and image in %s', (type) => {
      const { latents, logProb } = encoded(value);
      const [batch] = value.x.shape;
      const z = Float64Array.from(
        Array.from({ length: batch }, (_, image) =>
          latents.flatMap(({ data }) => [
            ...data.subarray((image * data.length) / batch, ((image + 1) * data.length) / batch),
          ]),
        ).flat(),
      );
      expect(relativeError(read(`${type}.z`), z)).toBeLessThan(tolerances[type]);
      expect(relativeError(read(`${type}.logProb`), logProb.data)).toBeLessThan(tolerances[type]);
      expect(relativeError(read(`${type}.x`), value.x.data)).toBeLessThan(10 * tolerances[type]); // there and back
    });

    test('has the slope of the loss that differences have', () => {
      const { trainable } = value.checkpoint.params;
      const loss = (step: number) => {
        const moved = Object.entries(trainable).map(([name, { shape, data }]) => {
          const { data: along } = value.direction[name];
          return [
            name,
            tensor(
              shape,
              data.map((v, j) => v + step * along[j]),
            ),
          ];
        });
        const { data } = encoded(value, Object.fromEntries(moved)).logProb;
        return -data.reduce((sum, v) => sum + v, 0) / data.length;
      };
      const step = 1e-6;
      const slope = (loss(step) - loss(-step)) / (2 * step);
      expect(Math.abs(read('slope')[0] - slope)).toBeLessThan(SLOPE_TOLERANCE * Math.max(1, Math.abs(slope)));
    });
  },
);

describe('the way back', () => {
  const { checkpoint: original } = moduleCases[savedCase];

  test('what the module saves is the same checkpoint, to the last bit', () => {
    expect(parseCheckpoint(tensors.saved.data as Uint8Array)).toEqual(original);
  });

  test('what torch saves of the module imports to the same bits, config included', () => {
    expect(importWeights(tensors.pt.data as Uint8Array)).toEqual(original);
    expect(importWeights(tensors.pt.data as Uint8Array, 'glow-onnx', { bits: 3 }).config.bits).toBe(3);
  });
});

describe('to-pytorch', () => {
  const save = () => {
    writeFileSync(at('best.safetensors'), encodeCheckpoint(checkpoint));
    return at('best.safetensors');
  };

  test('writes the module and a checkpoint that it loads', async () => {
    const { code, out, err } = await glowExport('to-pytorch', save(), '--out', at('torch'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/best\.safetensors\nwrote .*glow\.py: \d+ bytes\nwrote .*model\.safetensors: /);
    expect(readdirSync(at('torch')).sort()).toEqual(['glow.py', 'model.safetensors']);
    expect(parseCheckpoint(readFileSync(at('torch/model.safetensors'))).params).toEqual(checkpoint.params);
  });

  test('leaves a folder that exists as it is', async () => {
    await glowExport('to-pytorch', save(), '--out', at('torch'));
    writeFileSync(at('torch/glow.py'), 'mine');
    const { code, err } = await glowExport('to-pytorch', save(), '--out', at('torch'));
    expect(code).toBe(1);
    expect(err).toMatch(/torch exists/);
    expect(readFileSync(at('torch/glow.py'), 'utf8')).toBe('mine');
  });

  test('refuses a checkpoint that has seen no batch, and writes nothing', async () => {
    writeFileSync(at('new.safetensors'), encodeCheckpoint({ ...checkpoint, initialised: false }));
    const { code, err } = await glowExport('to-pytorch', at('new.safetensors'), '--out', at('torch'));
    expect(code).toBe(1);
    expect(err).toMatch(/has not seen a first batch/);
    expect(existsSync(at('torch'))).toBe(false);
  });
});

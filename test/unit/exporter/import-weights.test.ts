import { createRandom, encodeCheckpoint, type Float64Tensor, parseCheckpoint, tensor } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors, sizeOf } from '@glow-onnx/flow/internal';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { readGolden } from '../../support/golden-files.js';
import {
  expectFlow,
  filledLike,
  goldenFile,
  goldenWeights,
  save,
  scalar,
  type Weights,
} from '../../support/import-fixtures.js';

describe('importWeights', () => {
  describe.each(['tutorial', 'port'] as const)('%s', (layout) => {
    const weights = goldenWeights(layout);
    const plain = importWeights(save(weights), layout);

    it.each(['module.', 'param.', 'model.module.'])('strips %s where all names begin so', (prefix) => {
      expect(importWeights(save(weights, prefix), layout)).toEqual(plain);
    });

    it('leaves alone what stands beside the model in the file', () => {
      const { bytes } = readGolden(goldenFile[layout]); // has x, expect.* and decode.* beside param.*
      expect(importWeights(bytes, layout)).toEqual(plain);
    });

    it('refuses a file of two models', () => {
      const both = {
        ...weights,
        ...Object.fromEntries(Object.entries(weights).map(([k, v]) => [`other.${k}`, v])),
      };
      expect(() => importWeights(save(both), layout)).toThrow(/expected one model, got one under each of/);
    });

    it('reads neither masks nor what the triangles do not cover', () => {
      const noise = createRandom(5);
      const changed = Object.fromEntries(
        Object.entries(weights)
          .filter(([name]) => !/U_mask$|l_eye$/.test(name))
          .map(([name, value]) => {
            const n = value.shape[0];
            if (/mask$/.test(name)) return [name, filledLike(value, () => noise.normal())];
            if (/\.(L|w_l)$/.test(name)) {
              return [
                name,
                filledLike(value, (at) => (at % n < Math.floor(at / n) ? value.data[at] : noise.normal())),
              ];
            }
            if (/\.(U|w_u)$/.test(name)) {
              return [
                name,
                filledLike(value, (at) => (at % n > Math.floor(at / n) ? value.data[at] : noise.normal())),
              ];
            }
            return [name, value];
          }),
      );
      expect(importWeights(save(changed), layout)).toEqual(plain);
    });

    it('takes an actnorm whose flag is set, and refuses one whose flag is zero', () => {
      const places = Object.keys(weights).filter((name) => /actnorm\.(b|loc)$/.test(name));
      const flag = (name: string) => name.replace(/(b|loc)$/, 'initialized');
      const flagged = { ...weights, ...Object.fromEntries(places.map((name) => [flag(name), scalar(1)])) };
      expect(importWeights(save(flagged), layout)).toEqual(plain);
      const untrained = { ...flagged, [flag(places[2])]: scalar(0) };
      expect(() => importWeights(save(untrained), layout)).toThrow(
        new RegExp(`${flag(places[2])}" is 0: this actnorm has not seen a first batch`),
      );
    });

    it('gives hidden channels that come in other numbers zeros to be a multiple of 4', () => {
      const [first, second] = [10, 15]; // of 16
      const resized = (name: string, value: Float64Tensor, cut: boolean): Float64Tensor => {
        const [outputs, inputs = 1, ...kernel] = value.shape;
        const rows = /net\.0\./.test(name) ? first : /net\.2\./.test(name) ? second : outputs;
        const columns = /net\.2\.w/.test(name) ? first : /net\.4\..*w/.test(name) ? second : inputs;
        const at = (i: number) => Math.floor(i / sizeOf(kernel));
        const kept = (i: number) => Math.floor(at(i) / inputs) < rows && at(i) % inputs < columns;
        if (!cut) return filledLike(value, (i) => (kept(i) ? value.data[i] : 0));
        const shape = value.shape.length === 1 ? [rows] : [rows, columns, ...kernel];
        return tensor(
          shape,
          value.data.filter((_, i) => kept(i)),
        );
      };
      const all = (cut: boolean): Weights =>
        Object.fromEntries(
          Object.entries(weights).map(([name, value]) => [
            name,
            /net\..*(weight|bias)$/.test(name) ? resized(name, value, cut) : value,
          ]),
        );
      const narrow = importWeights(save(all(true)), layout);
      expect(narrow.config.hiddenChannels).toBe(16);
      expect(narrow).toEqual(importWeights(save(all(false)), layout));
    });

    it('knows an additive coupling by the outputs of its conditioner', () => {
      const additive = Object.fromEntries(
        Object.entries(weights).map(([name, value]) => {
          if (!/net\.4\./.test(name)) return [name, value];
          const axis = value.shape[0] === 1 ? 1 : 0; // scale is [1, C, 1, 1]
          const shape = value.shape.map((extent, i) => (i === axis ? extent / 2 : extent));
          return [name, tensor(shape, value.data.subarray(0, value.data.length / 2))];
        }),
      );
      const checkpoint = importWeights(save(additive), layout);
      expect(checkpoint.config.coupling).toBe('additive');
      expectFlow(checkpoint);
    });

    it('has parameters that fit the config, to the last bit through a checkpoint', () => {
      expect(parseCheckpoint(encodeCheckpoint(plain))).toEqual(plain);
    });

    const someNames = Object.keys(weights).filter((name) => !/mask$|l_eye$/.test(name));
    const conv = layout === 'port' ? 'blocks.1.flows.0.invconv' : 'flows.1.0.inv_conv';
    const [permutation, sign] = layout === 'port' ? ['w_p', 's_sign'] : ['P', 'sign_diag'];

    it('refuses to do without any tensor of the model', () => {
      for (const name of someNames) {
        const { [name]: _, ...rest } = weights;
        expect(() => importWeights(save(rest), layout)).toThrow(RangeError);
      }
    });

    it('refuses a number that is not finite, in any tensor', () => {
      for (const name of someNames) {
        const broken = { ...weights, [name]: filledLike(weights[name], (i) => (i === 1 ? Number.NaN : 1)) };
        const sharper = weights[name].data.length > 1 ? broken : { ...weights, [name]: scalar(Number.NaN) };
        expect(() => importWeights(save(sharper), layout)).toThrow(
          new RegExp(`"${name.replaceAll('.', '\\.')}": expected finite numbers, got NaN at element`),
        );
      }
    });

    it.each<[string, Weights, RegExp]>([
      ['a tensor it does not know', { ...weights, [`${conv}.extra`]: scalar(1) }, /extra" is not part/],
      [
        'a tensor of another shape',
        { ...weights, [`${conv}.${sign}`]: tensor([3], [1, 1, 1]) },
        /expected shape \[24\], got \[3\]/,
      ],
      [
        'a permutation that is none',
        {
          ...weights,
          [`${conv}.${permutation}`]: filledLike(tensor([24, 24], new Float64Array(576)), () => 1),
        },
        /expected a permutation matrix/,
      ],
      [
        'signs other than 1 and −1',
        { ...weights, [`${conv}.${sign}`]: filledLike(tensor([24], new Float64Array(24)), () => 0.5) },
        /expected numbers 1 and −1, got 0\.5/,
      ],
      [
        'a level with fewer steps',
        Object.fromEntries(
          Object.entries(weights).filter(([name]) => !/^(flows\.1\.1|blocks\.1\.flows\.1)\./.test(name)),
        ),
        /expected steps 0 to 1 at level 1 as at level 0, got 0/,
      ],
      ['an empty file', {}, /expected tensors named like .*got none/],
    ])('refuses %s', (_, changed, message) => {
      expect(() => importWeights(save(changed), layout)).toThrow(message);
    });

    it('says so when the file is of the other layout', () => {
      const other = layout === 'port' ? 'tutorial' : 'port';
      expect(() => importWeights(save(weights), other)).toThrow(
        new RegExp(`import \\(${other}\\): expected tensors named like .*pass another --from`),
      );
    });

    it('takes bits and size from the caller, and else 32×32', () => {
      expect(plain.config).toMatchObject({ bits: layout === 'port' ? 5 : 8, height: 32, width: 32 });
      const told = importWeights(save(weights), layout, { bits: 3, height: 12, width: 20 });
      expect(told.config).toEqual({ ...plain.config, bits: 3, height: 12, width: 20 });
      expect(() => importWeights(save(weights), layout, { height: 30 })).toThrow(
        /have 2 levels: height and width must be divisible by 4, got 30x32;.*--size/,
      );
    });
  });

  it('reads half-precision weights', () => {
    const weights = goldenWeights('tutorial');
    const name = 'flows.0.0.coupling.net.0.bias';
    const { tensors } = parseSafetensors(save(weights));
    const ones = { dtype: 'F16', shape: [16], data: new Uint16Array(16).fill(0x3c00) } as const;
    const checkpoint = importWeights(encodeSafetensors({ ...tensors, [name]: ones }), 'tutorial');
    expect(checkpoint.params.trainable['levels.0.steps.0.coupling.conv1.bias'].data).toEqual(
      new Float64Array(16).fill(1),
    );
  });

  it('refuses a file of another kind', () => {
    expect(() => importWeights(Buffer.from('PK\u0003\u0004 a pickle'), 'port')).toThrow(/zip: .*cut short/);
    expect(() => importWeights(Buffer.from('a text of some length'), 'port')).toThrow(/not safetensors/);
  });
});

import {
  type Checkpoint,
  type ConfigInput,
  createGlow,
  createRandom,
  encodeCheckpoint,
  type Float64Tensor,
  initialParams,
  type Named,
  type PresetName,
  parseCheckpoint,
  tensor,
} from '@glow-onnx/flow';
import {
  checkpointParts,
  encodeSafetensors,
  parseSafetensors,
  type SafetensorsInput,
} from '@glow-onnx/flow/internal';
import { tinyConfig } from '../../support/tiny-config.js';

/** What a trainer would store: random float32 numbers everywhere, moments and averages included. */
function trainedCheckpoint(preset: PresetName = 'tutorial', input: Partial<ConfigInput> = {}): Checkpoint {
  const config = tinyConfig(
    { channels: 1, height: 4, levels: 2, steps: 1, hiddenChannels: 4, ...input },
    preset,
  );
  const params = initialParams(createGlow(config), 7);
  const random = createRandom(8);
  const noise = (): Named<Float64Tensor> =>
    Object.fromEntries(
      Object.entries(params.trainable).map(([name, { shape, data }]) => [
        name,
        tensor(
          shape,
          data.map(() => Math.fround(random.normal())),
        ),
      ]),
    );
  return {
    config,
    params: { trainable: noise(), fixed: params.fixed },
    initialised: true,
    ema: noise(),
    optimizer: { m: noise(), v: noise() },
    progress: { step: 12, random: { words: [1, 2, 3, 4], spareNormal: null }, cursor: 40 },
    training: { bitsPerDim: 2.5, dataset: 'faces', histogram: [0, 3, 1] },
  };
}

describe('a checkpoint', () => {
  it.each<[PresetName, Partial<ConfigInput>]>([
    ['tutorial', {}],
    ['port', {}],
    ['openai', {}],
    ['tutorial', { conv1x1: 'shuffle' }],
    ['tutorial', { conv1x1: 'reverse' }],
    ['port', { topPrior: 'channel', classes: 3 }],
    ['openai', { classes: 3 }],
  ])('comes back as it was written (%s %j)', (preset, input) => {
    const checkpoint = trainedCheckpoint(preset, input);
    expect(parseCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint);
  });

  it('needs neither averages, moments nor facts', () => {
    const { config, params } = trainedCheckpoint();
    const bare: Checkpoint = { config, params, initialised: false };
    expect(parseCheckpoint(encodeCheckpoint(bare))).toEqual(bare);
  });

  it('is written twice to the same bytes', () => {
    const bytes = encodeCheckpoint(trainedCheckpoint());
    expect(Buffer.compare(encodeCheckpoint(parseCheckpoint(bytes)), bytes)).toBe(0);
    expect(Buffer.concat([...checkpointParts(parseCheckpoint(bytes))]).equals(bytes)).toBe(true);
  });

  it('has the documented names, shapes and dtypes', () => {
    const { tensors, metadata } = parseSafetensors(encodeCheckpoint(trainedCheckpoint('port')));
    const kinds = Object.fromEntries(
      Object.entries(tensors)
        .filter(([name]) => !/^(ema|optimizer)\./.test(name))
        .map(([name, { dtype, shape }]) => [name, `${dtype} ${shape.join('×')}`]),
    );
    // Levels of 4 and 8 channels: a 4×8 picture with one channel, squeezed once and twice.
    expect(kinds).toEqual({
      'levels.0.steps.0.actnorm.logScale': 'F32 4',
      'levels.0.steps.0.actnorm.bias': 'F32 4',
      'levels.0.steps.0.conv1x1.permutation': 'I32 4',
      'levels.0.steps.0.conv1x1.lower': 'F32 4×4',
      'levels.0.steps.0.conv1x1.upper': 'F32 4×4',
      'levels.0.steps.0.conv1x1.logScale': 'F32 4',
      'levels.0.steps.0.conv1x1.sign': 'F32 4',
      'levels.0.steps.0.coupling.conv1.weight': 'F32 4×2×3×3',
      'levels.0.steps.0.coupling.conv1.bias': 'F32 4',
      'levels.0.steps.0.coupling.conv2.weight': 'F32 4×4×1×1',
      'levels.0.steps.0.coupling.conv2.bias': 'F32 4',
      'levels.0.steps.0.coupling.conv3.weight': 'F32 4×4×3×3',
      'levels.0.steps.0.coupling.conv3.bias': 'F32 4',
      'levels.0.steps.0.coupling.conv3.gain': 'F32 4',
      'levels.0.prior.weight': 'F32 4×2×3×3',
      'levels.0.prior.bias': 'F32 4',
      'levels.0.prior.gain': 'F32 4',
      'levels.1.steps.0.actnorm.logScale': 'F32 8',
      'levels.1.steps.0.actnorm.bias': 'F32 8',
      'levels.1.steps.0.conv1x1.permutation': 'I32 8',
      'levels.1.steps.0.conv1x1.lower': 'F32 8×8',
      'levels.1.steps.0.conv1x1.upper': 'F32 8×8',
      'levels.1.steps.0.conv1x1.logScale': 'F32 8',
      'levels.1.steps.0.conv1x1.sign': 'F32 8',
      'levels.1.steps.0.coupling.conv1.weight': 'F32 4×4×3×3',
      'levels.1.steps.0.coupling.conv1.bias': 'F32 4',
      'levels.1.steps.0.coupling.conv2.weight': 'F32 4×4×1×1',
      'levels.1.steps.0.coupling.conv2.bias': 'F32 4',
      'levels.1.steps.0.coupling.conv3.weight': 'F32 8×4×3×3',
      'levels.1.steps.0.coupling.conv3.bias': 'F32 8',
      'levels.1.steps.0.coupling.conv3.gain': 'F32 8',
      'levels.1.prior.weight': 'F32 16×8×3×3',
      'levels.1.prior.bias': 'F32 16',
      'levels.1.prior.gain': 'F32 16',
    });
    expect({ ...metadata }).toMatchObject({
      format: 'glow-onnx checkpoint',
      version: '1',
      initialised: 'true',
    });
  });

  it('keeps float64 numbers that float32 cannot hold', () => {
    const checkpoint = trainedCheckpoint();
    const name = 'levels.0.steps.0.actnorm.bias';
    const trainable = { ...checkpoint.params.trainable, [name]: tensor([4], [0.1, 0.2, 0.3, 0.4]) };
    const bytes = encodeCheckpoint({ ...checkpoint, params: { ...checkpoint.params, trainable } });
    expect(parseSafetensors(bytes).tensors[name].dtype).toBe('F64');
    expect(parseCheckpoint(bytes).params.trainable[name].data).toEqual(Float64Array.of(0.1, 0.2, 0.3, 0.4));
  });
});

describe('encodeCheckpoint', () => {
  it('refuses to write numbers that are not finite', () => {
    const checkpoint = trainedCheckpoint();
    const name = 'levels.1.steps.0.coupling.conv2.bias';
    const ema = { ...checkpoint.ema, [name]: tensor([4], [0, Number.NaN, 0, 0]) };
    expect(() => encodeCheckpoint({ ...checkpoint, ema })).toThrow(
      /"ema\.levels\.1\.steps\.0\.coupling\.conv2\.bias": expected finite numbers, got NaN at element 1/,
    );
    expect(() => encodeCheckpoint({ ...checkpoint, training: { bitsPerDim: Number.NaN } })).toThrow(
      /training: "bitsPerDim" is NaN/,
    );
  });
});

describe('parseCheckpoint', () => {
  /** A valid file with its tensors and metadata changed by hand. */
  function altered(
    change: (tensors: Record<string, SafetensorsInput>, metadata: Record<string, string>) => void,
  ): Uint8Array {
    const parsed = parseSafetensors(encodeCheckpoint(trainedCheckpoint()));
    const tensors = { ...parsed.tensors };
    const metadata = { ...parsed.metadata };
    change(tensors, metadata);
    return encodeSafetensors(tensors, metadata);
  }
  const actnormBias = 'levels.0.steps.0.actnorm.bias';
  const permutation = 'levels.0.steps.0.conv1x1.permutation';
  const sign = 'levels.0.steps.0.conv1x1.sign';
  const floats = (...data: number[]): SafetensorsInput => ({
    dtype: 'F32',
    shape: [data.length],
    data: Float32Array.from(data),
  });

  it.each<[string, Parameters<typeof altered>[0], RegExp]>([
    ['no format', (_, m) => delete m.format, /SyntaxError.*format.*got nothing.*glow-export --from/],
    [
      'the version of a newer release',
      (_, m) => Object.assign(m, { version: '2' }),
      /RangeError: checkpoint: format version 2 is newer.*update the @glow-onnx packages/,
    ],
    ['no config', (_, m) => delete m.config, /SyntaxError.*config is missing/],
    [
      'a config that is not JSON',
      (_, m) => Object.assign(m, { config: '{' }),
      /SyntaxError.*config: not valid JSON/,
    ],
    ['a config of no model', (_, m) => Object.assign(m, { config: '{"version":1}' }), /RangeError: config: /],
    [
      'no word on actnorm',
      (_, m) => delete m.initialised,
      /SyntaxError.*initialised: expected true or false/,
    ],
    ['progress that is a list', (_, m) => Object.assign(m, { progress: '[]' }), /SyntaxError.*progress/],
    ['a missing tensor', (t) => delete t[actnormBias], /RangeError.*actnorm\.bias" is missing/],
    ['a missing average', (t) => delete t[`ema.${actnormBias}`], /RangeError.*"ema\.levels.*is missing/],
    [
      'first moments without second',
      (t) => {
        for (const name of Object.keys(t)) if (name.startsWith('optimizer.v.')) delete t[name];
      },
      /RangeError.*"optimizer\.v\.levels.*is missing/,
    ],
    [
      'a tensor too many',
      (t) => Object.assign(t, { extra: floats(1) }),
      /RangeError.*"extra" is not part of/,
    ],
    [
      'moments of what is not trained',
      (t) => Object.assign(t, { [`optimizer.m.${sign}`]: floats(1, 1, 1, 1) }),
      /RangeError.*"optimizer\.m\..*sign" is not part of/,
    ],
    [
      'a wrong shape',
      (t) => Object.assign(t, { [actnormBias]: floats(1, 2, 3) }),
      /RangeError.*expected shape \[4\], got \[3\]/,
    ],
    [
      'an infinite number',
      (t) => Object.assign(t, { [actnormBias]: floats(1, 2, 3, Number.POSITIVE_INFINITY) }),
      /RangeError.*actnorm\.bias": expected finite numbers, got Infinity at element 3/,
    ],
    [
      'integers for weights',
      (t) => Object.assign(t, { [actnormBias]: { dtype: 'I32', shape: [4], data: new Int32Array(4) } }),
      /RangeError.*expected dtype F32 or F64, got I32/,
    ],
    [
      'a permutation with a repeat',
      (t) =>
        Object.assign(t, { [permutation]: { dtype: 'I32', shape: [4], data: Int32Array.of(0, 1, 1, 3) } }),
      /RangeError.*permutation": expected a permutation of 0 to 3/,
    ],
    [
      'a permutation with a stranger',
      (t) =>
        Object.assign(t, { [permutation]: { dtype: 'I32', shape: [4], data: Int32Array.of(0, 1, 2, 4) } }),
      /RangeError.*permutation": expected a permutation of 0 to 3/,
    ],
    [
      'a sign of two',
      (t) => Object.assign(t, { [sign]: floats(1, -1, 2, 1) }),
      /RangeError.*sign": expected 1 or −1, got 2/,
    ],
  ])('refuses %s', (_, change, message) => {
    let error: unknown;
    try {
      parseCheckpoint(altered(change));
    } catch (caught) {
      error = caught;
    }
    expect(String(error)).toMatch(message);
  });
});

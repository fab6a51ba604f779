import { createConfig, type PresetName, presets } from '@glow-onnx/flow';
import { parseConfig } from '@glow-onnx/flow/internal';

const sizes = { channels: 3, height: 32, width: 32 };

test('the default is the tutorial form with three levels and eight bits', () => {
  const config = createConfig(sizes);
  expect(config).toMatchObject({
    ...presets.tutorial,
    levels: 3,
    steps: 8,
    hiddenChannels: 64,
    bits: 8,
    classes: 0,
  });
});

test.each([
  [28, 28, 2],
  [30, 30, 1],
  [48, 64, 3],
])('levels default to the most that %i×%i allows, three at most', (height, width, levels) => {
  expect(createConfig({ channels: 1, height, width }).levels).toBe(levels);
});

test.each(Object.keys(presets) as PresetName[])('preset %s is a valid config and survives JSON', (preset) => {
  const config = createConfig(sizes, preset);
  expect(parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
});

test('a choice of the caller goes before the preset', () => {
  expect(createConfig({ ...sizes, conv1x1: 'lu' }, 'openai').conv1x1).toBe('lu');
});

test.each([
  [{ bits: 9 }, /config: bits: expected at most 8, got 9/],
  [{ bits: -1 }, /config: bits: expected at least 0, got -1/],
  [{ bits: 0, logitRange: 0.9 }, /config: logitRange 0\.9 is about pixels, but 0 bits are numbers/],
  [
    { bits: 0, height: 30 },
    /config: height 30 .* divisible by 8; crop or pad the feature maps to 24 or 32 or lower levels/,
  ],
  [{ bits: 0, channels: 257 }, /config: channels: expected at most 256, got 257/],
  [{ steps: 0 }, /config: steps: expected at least 1, got 0/],
  [{ hiddenChannels: 66 }, /config: hiddenChannels: expected a multiple of 4, got 66/],
  [
    { coupling: 'affine' },
    /config: coupling: expected one of "tanh", "sigmoid", "bounded", "additive", "scaled-tanh", got "affine"/,
  ],
  [{ logitRange: 1 }, /config: logitRange: expected at most 0\.999, got 1/],
  [{ logitRange: -0.1 }, /config: logitRange: expected at least 0, got -0\.1/],
  [{ inputRelu: 1 }, /config: inputRelu: expected boolean, got 1/],
  [
    { hiddenLayer: 'dense' },
    /config: hiddenLayer: expected one of "plain", "residual", "gated", got "dense"/,
  ],
  [{ height: 30 }, /config: height 30 cannot pass 3 levels: it must be divisible by 8/],
  [{ bits: Number.NaN }, /config: bits: expected .*, got NaN/],
  [{ steps: 5n }, /config: steps: expected number, got 5/],
  [{ width: 4.5 }, /config: width: expected int, got 4.5/],
  [{ hidden: 4 }, /config: \(whole\): unknown field, got hidden/],
  [{ version: 2 }, /config: format version 2 is newer than this release knows \(1\); update/],
  [
    { prior: 'learned', topPrior: 'conv' },
    /config: topPrior "conv" is a convolution of zeros, which padding "zeros"/,
  ],
  [{ splitClasses: true }, /config: splitClasses needs classes; set their number/],
  [{ classes: 10 }, /config: classes 10 needs prior "learned" or "bounded", got prior "standard"/],
])('a config with %j is refused by its field', (change, message) => {
  expect(() => parseConfig({ ...createConfig(sizes), ...change })).toThrow(message);
});

test('a config written before the choices that have a default is read as it was', () => {
  const { logitRange, inputRelu, hiddenLayer, splitClasses, ...earlier } = createConfig(sizes);
  expect({ logitRange, inputRelu, hiddenLayer, splitClasses }).toEqual({
    logitRange: 0,
    inputRelu: false,
    hiddenLayer: 'plain',
    splitClasses: false,
  });
  expect(parseConfig(earlier)).toEqual(createConfig(sizes));
});

test('an unknown preset is refused by name', () => {
  expect(() => createConfig(sizes, 'glow' as PresetName)).toThrow(
    'config: preset: expected one of tutorial, port, openai, bounded, got glow',
  );
});

test.each([null, undefined, 7, 'glow', []])('%p is not a config', (value) => {
  expect(() => parseConfig(value)).toThrow(/config: \(whole\): expected object/);
});

import { type Float64Tensor, tensor } from '@glow-onnx/flow';
import { parseSafetensors, safetensorsNumbers } from '@glow-onnx/flow/internal';
import { readTensors } from '../../../packages/exporter/src/import/containers/read-tensors.js';
import type { Tensors } from '../../../packages/exporter/src/import/foreign-weights.js';
import { importTensors } from '../../../packages/exporter/src/import/import-weights.js';
import { filledLike, save } from '../../support/import-fixtures.js';
import { programFixtures } from '../../support/import-programs.js';

const tensorsOf = (weights: Record<string, Float64Tensor>): Tensors =>
  parseSafetensors(save(weights)).tensors;
const zeros = (...shape: number[]): Float64Tensor =>
  tensor(shape, new Float64Array(shape.reduce((product, extent) => product * extent, 1)));

/** The same with indices as integers, as TensorFlow stores them. */
const integers = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [
      name,
      name.includes('indices')
        ? { dtype: 'I32', shape: value.shape, data: Int32Array.from(value.data as Float64Array) }
        : value,
    ]),
  ) as Tensors;

/** The weights of a fixture, as numbers. */
async function weightsOf(program: string, variant: string): Promise<Record<string, Float64Tensor>> {
  const fixture = programFixtures(program).find((found) => found.variant === variant);
  if (!fixture) throw new Error(`${program}/${variant} is missing`);
  const tensors = await readTensors(fixture.weights);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [name, tensor(value.shape, safetensorsNumbers(value))]),
  );
}

describe.each(['chaiyujin', 'y0ast'])('weights of %s without 1×1 convolutions', (program) => {
  it('are taken as reversed, and a note says so', async () => {
    const weights = await weightsOf(program, 'additive-reverse-top');
    const { checkpoint, notes } = importTensors(tensorsOf(weights), 'auto');
    expect(checkpoint.config.conv1x1).toBe('reverse');
    expect(notes[0]).toMatch(/no 1×1 convolutions: took the channels as reversed; if the model shuffles/);
  });

  it('are shuffled where the indices are saved beside them', async () => {
    const weights = await weightsOf(program, 'additive-shuffle');
    const { checkpoint, notes } = importTensors(tensorsOf(weights), 'auto');
    expect(checkpoint.config.conv1x1).toBe('shuffle');
    expect(notes).toEqual([]);
    const indices = 'flow.layers.1.shuffle.indices';
    const twice = { ...weights, [indices]: filledLike(weights[indices], () => 2) };
    expect(() => importTensors(tensorsOf(twice), 'auto')).toThrow(
      /indices": expected each of 0 to 3 once, got 2/,
    );
    const { [indices]: _, ...incomplete } = weights;
    expect(() => importTensors(tensorsOf(incomplete), 'auto')).toThrow(`${indices}" is missing`);
  });
});

describe('weights of every program', () => {
  it.each(['rosinality', 'chaiyujin', 'y0ast', 'openai', 'chrischute', 'normflows'])(
    'of %s are refused without any one of their tensors',
    async (program) => {
      const [{ variant }] = programFixtures(program).filter((found) =>
        /^(affine|random)/.test(found.variant),
      );
      const weights = await weightsOf(program, variant);
      const computed = /prior_h$|_mask$|l_eye$|\.eye$|initialized$|data_dep_init_done$|num_batches_tracked$/;
      for (const name of Object.keys(weights).filter((text) => !computed.test(text))) {
        const { [name]: _, ...rest } = weights;
        // Without its 1×1 convolution a step of these would be one that reverses; the other steps tell.
        expect(() => importTensors(tensorsOf(rest), 'auto')).toThrow(RangeError);
      }
    },
  );

  it('have as many steps at each level', async () => {
    const weights = await weightsOf('y0ast', 'affine-invconv');
    const fewer = Object.entries(weights).filter(([name]) => !name.startsWith('flow.layers.6.'));
    expect(() => importTensors(tensorsOf(Object.fromEntries(fewer)), 'auto')).toThrow(
      /expected 2 steps at level 1 as at level 0, got 1: flow\.layers\.5\./,
    );
  });
});

describe('weights of chrischute', () => {
  const read = async (change: (weights: Record<string, Float64Tensor>) => Record<string, Float64Tensor>) => {
    const weights = await weightsOf('chrischute', 'random');
    return () => importTensors(tensorsOf({ ...weights, ...change(weights) }), 'auto').checkpoint;
  };

  it('give a model of logits, whose networks rectify their input', async () => {
    const { config } = (await read(() => ({})))();
    expect(config).toMatchObject({ coupling: 'scaled-tanh', inputRelu: true, conv1x1: 'full', levels: 2 });
    expect(config.logitRange).toBeCloseTo(0.9, 7);
  });

  it('have bounds below 1', async () => {
    expect(await read(() => ({ bounds: tensor([1], [1.5]) }))).toThrow(
      /logitRange: expected at most 0\.999, got 1\.5/,
    );
  });

  it('have variances that are not negative', async () => {
    const name = 'flows.steps.0.coup.nn.mid_norm.running_var';
    expect(await read((weights) => ({ [name]: filledLike(weights[name], () => -1) }))).toThrow(
      /mid_norm\.running_var": expected variances, got negative numbers/,
    );
  });

  it('come with actnorms that have seen a batch', async () => {
    expect(await read(() => ({ 'flows.next.steps.1.norm.is_initialized': zeros(1) }))).toThrow(
      /is_initialized" is 0: this actnorm has not seen a first batch/,
    );
  });
});

describe('averaged weights of openai', () => {
  const suffix = '/ExponentialMovingAverage';

  it('are found with the indices of a shuffle, which are not averaged', async () => {
    const weights = await weightsOf('openai', 'additive-shuffle-top');
    const { checkpoint } = importTensors(integers(tensorsOf(weights)), 'auto');
    expect(checkpoint.config.conv1x1).toBe('shuffle');
    const averaged = Object.entries(weights).map(([name, value]) => [
      name.includes('indices') ? name : name + suffix,
      value,
    ]);
    const alone = integers(tensorsOf(Object.fromEntries(averaged)));
    expect(importTensors(alone, 'auto').checkpoint).toEqual(checkpoint);
    const moved = Object.entries(weights).map(([name, value]) => [name, filledLike(value, (i) => i % 4)]);
    const logs = /indices|\/W$/; // what cannot be any numbers
    const last = Object.fromEntries(moved.filter(([name]) => !logs.test(name as string)));
    const both = { ...integers(tensorsOf({ ...weights, ...last })), ...alone };
    expect(importTensors(both, 'auto', { weights: 'ema' }).checkpoint).toEqual(checkpoint);
    expect(importTensors(both, 'auto', { weights: 'model' }).checkpoint).not.toEqual(checkpoint);
  });
});

describe('bases of normflows', () => {
  it('must be the same at every pixel', async () => {
    const weights = await weightsOf('normflows', 'affine-lu-rgb');
    const loc = { 'q0.1.loc': filledLike(weights['q0.1.loc'], (i) => i) };
    expect(() => importTensors(tensorsOf({ ...weights, ...loc }), 'auto')).toThrow(
      /q0\.1\.loc": its pixels differ; here a base has one mean and one sd for each channel/,
    );
  });

  it('may depend on the class at any level, and not on the pixel', async () => {
    const weights = await weightsOf('normflows', 'additive-lu-classes');
    const config = (changed: object) =>
      importTensors(tensorsOf({ ...weights, ...changed }), 'auto').checkpoint.config;
    expect(config({})).toMatchObject({ classes: 3, splitClasses: false });
    const split = { 'q0.1.loc_cc': zeros(3, 2), 'q0.1.log_scale_cc': zeros(3, 2) };
    expect(config(split)).toMatchObject({ classes: 3, splitClasses: true });
    expect(() => config({ 'q0.1.loc_cc': zeros(4, 2), 'q0.1.log_scale_cc': zeros(4, 2) })).toThrow(
      /q0\.1\.loc_cc": expected shape \[3, 2\], got \[4, 2\]/,
    );
    const pixels = { ...(await weightsOf('normflows', 'affine-lu-rgb')), 'q0.0.loc': zeros(24, 2, 3, 10) };
    expect(() => importTensors(tensorsOf(pixels), 'auto')).toThrow(
      /q0\.0\.loc": expected shape \[1, 24, height, width\] of a DiagGaussian or GlowBase, got \[24, 2, 3, 10\]/,
    );
  });

  it('belong to couplings whose map is not in the weights, and a note says so', async () => {
    const affine = importTensors(tensorsOf(await weightsOf('normflows', 'affine-lu')), 'auto');
    expect(affine.notes[0]).toMatch(/took the couplings as scale_map="sigmoid"/);
    const additive = importTensors(tensorsOf(await weightsOf('normflows', 'additive-lu-classes')), 'auto');
    expect(additive.notes).toEqual([]);
  });

  it('come with actnorms that have seen a batch', async () => {
    const weights = await weightsOf('normflows', 'affine-lu');
    const flag = { 'flows.0.1.flows.2.data_dep_init_done': zeros() };
    expect(() => importTensors(tensorsOf({ ...weights, ...flag }), 'auto')).toThrow(
      /data_dep_init_done" is 0: this actnorm has not seen a first batch/,
    );
  });
});

describe('programs outside this flow are refused by name, with the part that differs:', () => {
  it.each([
    [
      'nflows',
      '_transform._transforms.1._transforms.1._transforms.2.transform_net.final_layer.bias',
      /\+ 0\.001\)/,
    ],
    ['FrEIA', 'module_list.1.subnet1.0.weight', /couple before they permute/],
    [
      'TensorFlow Probability',
      'model/_bijectors_trackable/1/_bijectors_trackable/2/coupling_bijector_layer/layer_with_weights-0/bias/.ATTRIBUTES/VARIABLE_VALUE',
      /divide by σ\(s \+ 2\)/,
    ],
  ])('%s', (program, name, part) => {
    const weights = tensorsOf({ [name]: zeros(4) });
    expect(() => importTensors(weights, 'auto')).toThrow(program);
    expect(() => importTensors(weights, 'auto')).toThrow(part);
  });
});

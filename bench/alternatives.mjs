// Other ways to write a step's graph, by processor time of one thread:
//   node bench/alternatives.mjs [--batch 16] [--seconds 8]
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow';
import {
  add,
  concat,
  constant,
  conv,
  exp,
  graph,
  input,
  mul,
  reduceSum,
  relu,
  scalar,
  slice,
  tanh,
} from '@glow-onnx/graph';
import { interleave, machine, median, noise, openModel, processorTime } from './models.mjs';

const { values } = parseArgs({
  options: { batch: { type: 'string', default: '16' }, seconds: { type: 'string', default: '8' } },
});
const batch = Number(values.batch);
const STEPS = 8;
const HIDDEN = 128;
/** Levels of a 3×32×32 model: a step's channels, height and width, and channels that its conditioner reads. */
const levels = [
  { channels: 12, size: 16, reads: 8 },
  { channels: 24, size: 8, reads: 12 },
  { channels: 48, size: 4, reads: 24 },
];

/**
 * What a step may be written as. The first is what exports have, but that these transpose some last convolutions
 * (conditioner.mjs); each other differs from it in one respect.
 */
const variants = {
  exported: {},
  'conditioner reads both halves, zero weights on one': { reads: 'all' },
  'no Concat: the next matrix applied to both halves and added': { concat: false },
  'two 1×1 convolutions, one for each half': { halves: 'convolutions' },
  'h and t from two convolutions': { outputs: 'convolutions' },
  'exp(tanh h) squared, the factor 2 once a level': { factor: 'square' },
  'logDet summed per image at every step': { logDet: 'step' },
};
console.log(machine());
const results = Object.keys(variants).map((name) => ({ 'time / exported': name }));
for (const [l, level] of levels.entries()) {
  const sessions = [];
  for (const variant of Object.values(variants))
    sessions.push(await openModel(levelGraph(level, variant), 1));
  const feeds = { x: noise([batch, level.channels, level.size, level.size], 4) };
  const runs = sessions.map((session) => () => session.run(feeds));
  const rounds = await interleave(runs, Number(values.seconds), processorTime);
  results.forEach((row, i) => {
    row[`level ${l}`] = Number(median(rounds.map((times) => times[i] / times[0])).toFixed(2));
  });
  for (const session of sessions) await session.release();
}
console.table(results);

/** The steps of one level, tutorial form, with random weights: y and Σ logScale. */
function levelGraph({ channels, size, reads }, variant) {
  const half = channels / 2;
  const random = createRandom(5);
  const weights = (outputs, inputs, kernel, scale = 1) => {
    const shape = [outputs, inputs, kernel, kernel];
    const deviation = scale / Math.sqrt(inputs * kernel * kernel);
    return constant(
      shape,
      Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => deviation * random.normal()),
    );
  };
  const convolve = (x, outputs, kernel, scale) => {
    const pad = (kernel - 1) / 2;
    const bias = constant([outputs], new Float64Array(outputs));
    return conv(x, weights(outputs, x.shape[1], kernel, scale), { bias, pads: [pad, pad, pad, pad] });
  };
  const first = (x, n) => slice(x, 1, 0, n);
  const second = (x) => slice(x, 1, x.shape[1] / 2, x.shape[1]);

  const x = input('x', 'float32', [batch, channels, size, size]);
  let parts = [x]; // the step's input, whole or as halves
  let total;
  for (let k = 0; k < STEPS; k++) {
    const affine = (outputs) => parts.map((part) => convolve(part, outputs, 1)).reduce((p, q) => add(p, q));
    const whole = variant.halves === 'convolutions' ? undefined : affine(channels);
    const context = whole ? first(whole, variant.reads === 'all' ? channels : reads) : affine(reads);
    const read = variant.reads === 'all' ? whole : context;
    const a = first(whole ?? context, half);
    const b = whole ? second(whole) : affine(half);
    const hidden = relu(convolve(relu(convolve(read, HIDDEN, 3)), HIDDEN, 1));
    const output = variant.outputs === 'convolutions' ? undefined : convolve(hidden, channels, 3, 0.1);
    const h = output ? first(output, half) : convolve(hidden, half, 3, 0.1);
    const t = output ? second(output) : convolve(hidden, half, 3, 0.1);
    const squared = variant.factor === 'square';
    const logScale = squared ? tanh(h) : mul(tanh(h), scalar(2));
    const scale = exp(logScale);
    const y = add(squared ? mul(mul(b, scale), scale) : mul(b, scale), t);
    const elements = variant.logDet === 'step' ? reduceSum(logScale, [1, 2, 3]) : logScale;
    total = total ? add(total, elements) : elements;
    parts = variant.concat === false ? [a, y] : [concat([a, y], 1)];
  }
  const logDet = variant.logDet === 'step' ? total : reduceSum(total, [1, 2, 3]);
  return graph({
    name: 'level',
    inputs: [x],
    outputs: { y: concat(parts, 1), logDet: variant.factor === 'square' ? mul(logDet, scalar(2)) : logDet },
  });
}

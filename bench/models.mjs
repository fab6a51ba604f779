// The models that benchmarks measure, with weights that keep a deep untrained flow calm.
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createConfig,
  createGlow,
  createRandom,
  float64Ops,
  forwardWeights,
  initialParams,
  inverseWeights,
  tensor,
} from '@glow-onnx/flow';
import { encodeModel } from '@glow-onnx/graph';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { takeTurns } from './turns.mjs';

export { median, wallTime } from './turns.mjs';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Preset `tutorial`, three levels of 3×32×32. */
export const models = [
  { name: 'K=8, hidden 128', steps: 8, hiddenChannels: 128 },
  { name: 'K=32, hidden 512', steps: 32, hiddenChannels: 512 },
].map(({ name, ...size }) => ({
  name,
  config: createConfig({ channels: 3, height: 32, width: 32, levels: 3, ...size }),
}));

/** Those whose names contain one of the texts. @throws RangeError naming all, if one of the texts is in no name. */
export function named(all, texts, option) {
  const unknown = texts.find((text) => !all.some(({ name }) => name.includes(text)));
  if (unknown === undefined) return all.filter(({ name }) => texts.some((text) => name.includes(text)));
  throw new RangeError(
    `--${option}: expected a part of one of ${all.map(({ name }) => `"${name}"`).join(', ')}, got "${unknown}"`,
  );
}

/** Where and with what: `2026-11-22, Node v20.20.0, onnxruntime-node 1.30.0, 2 × AMD EPYC, 23 GiB`. */
export function machine() {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');
  const date = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${date}, Node ${process.version}, onnxruntime-node ${version}, ${cpus().length} × ${cpus()[0].model}, ${memory} GiB`;
}

/**
 * What training starts from, with last convolutions that do something: outputs about 0.1, so that scales stay near
 * one over all steps and no activation overflows or is denormal. Both would change the speed.
 */
export function randomCheckpoint(config) {
  const { trainable, fixed } = initialParams(createGlow(config), 1);
  const deviation = 0.1 / Math.sqrt(9 * config.hiddenChannels);
  const float32 = Object.entries(trainable).map(([name, { shape, data }], index) => {
    const random = createRandom(2, index);
    const value = name.endsWith('conv3.weight') ? () => deviation * random.normal() : (v) => v;
    return [
      name,
      tensor(
        shape,
        data.map((v) => Math.fround(value(v))),
      ),
    ];
  });
  return { config, params: { trainable: Object.fromEntries(float32), fixed }, initialised: true };
}

/** Layers and float64 weights of both directions, as defined: nothing folded. */
export function flowOf({ config, params }) {
  const glow = createGlow(config);
  return { glow, forward: forwardWeights(glow, float64Ops, params), inverse: inverseWeights(glow, params) };
}

/**
 * A session of ONNX Runtime on the CPU, as the runtime opens it.
 * @param model a graph, or the path of an .onnx file.
 * @param threads as many as cores unless given.
 */
export function openModel(model, threads) {
  const file =
    typeof model === 'string' ? model : encodeModel(model, { producer: { name: 'bench', version: '0' } });
  return InferenceSession.create(file, {
    executionProviders: ['cpu'],
    ...(threads && { intraOpNumThreads: threads }),
    extra: { session: { set_denormal_as_zero: '1' } },
  });
}

/** Normal numbers, about as large as a picture's. */
export function noise(shape, seed) {
  const random = createRandom(seed);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.3 * random.normal());
  return new Tensor('float32', data, shape);
}

/**
 * Times of every run in ms, in turns. What the run before left behind is collected first: neither place nor garbage
 * favours one.
 * @param clock in ms; `processorTime` for work on one thread, which a busy machine does not disturb.
 */
export function interleave(runs, seconds, clock) {
  return takeTurns(runs, seconds, { clock, before: collectGarbage });
}

export function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { type Call, startCall } from './call.js';
import { collect } from './collect.js';
import type { DecodeOptions, EncodeOptions } from './encode-decode.js';
import type { FloatImage } from './float-image.js';
import { type Failed, isFailed } from './item.js';
import type { Latents } from './latents.js';
import { checkedItem, loadFloats, takeFloatImage } from './load-floats.js';
import { takeLatents } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { isAny, runEach } from './run-batches.js';
import { decodeGradientBatch, encodeGradientBatch, type PairItem } from './run-gradients.js';

/** The results of `logProbGradient`, one for each image. */
export interface LogProbGradient {
  /** log p(x) in nats. */
  readonly logProb: number[];
  /** ∂ log p(x)/∂x in nats per unit of x, with the shape of x. */
  readonly gradient: FloatImage[];
}

/** The results of `decodeGradient`, one for each of the latents. */
export interface DecodeGradient {
  /** decode(z) in model units, not rounded to bins. */
  readonly x: FloatImage[];
  /** The transposed Jacobian of decode at z times the cotangent, with the shapes of z. */
  readonly gradient: Latents[];
}

export async function logProbGradient(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: EncodeOptions = {},
): Promise<LogProbGradient> {
  const call = startCall(parts.manifest, 'logProbGradient', images, options);
  const graph = await parts.graphs.gradient('encode');
  const own = withGradientMemory(parts, graph.bytesPerPixel);
  const batches = groupBySize(own, call, loadFloats(own, call, images, options));
  const { config } = parts.manifest;
  const run = runEach(call, batches, isAny, (items) => encodeGradientBatch(graph, config, items));
  const results = await collect(call, run, (item) => item);
  return {
    logProb: results.map(({ logProb }) => logProb),
    gradient: results.map(({ gradient }) => gradient),
  };
}

export async function decodeGradient(
  parts: ModelParts,
  z: readonly Latents[],
  cotangents: readonly FloatImage[],
  options: DecodeOptions = {},
): Promise<DecodeGradient> {
  const call = startCall(parts.manifest, 'decodeGradient', z, options, (image) => `z[${image}]`);
  if (cotangents.length !== z.length) {
    throw new RangeError(
      `decodeGradient: ${z.length} latents need as many cotangents, got ${cotangents.length}`,
    );
  }
  const graph = await parts.graphs.gradient('decode');
  const { config } = parts.manifest;
  const own = withGradientMemory(parts, graph.bytesPerPixel);
  const batches = groupBySize(own, call, takePairs(own, call, z, cotangents));
  const run = runEach(call, batches, isAny, (items) => decodeGradientBatch(graph, config, items));
  const results = await collect(call, run, (item) => item);
  return { x: results.map(({ x }) => x), gradient: results.map(({ gradient }) => gradient) };
}

async function* takePairs(
  parts: ModelParts,
  call: Call,
  z: readonly Latents[],
  cotangents: readonly FloatImage[],
): AsyncGenerator<PairItem | Failed> {
  for await (const item of takeLatents(parts, call, z)) {
    if (isFailed(item)) {
      yield item;
      continue;
    }
    yield checkedItem(item, () => {
      const place = { ...item, where: `${item.where}: cotangent` };
      const {
        x: cotangent,
        height,
        width,
      } = takeFloatImage(parts.manifest.config, cotangents[item.image] as FloatImage, place);
      if (height !== item.height || width !== item.width) {
        throw new RangeError(
          `${place.where} is ${height}×${width}, its latents are those of ${item.height}×${item.width}`,
        );
      }
      return { ...item, cotangent };
    });
  }
}

/** ONNX Runtime took 1.4 times the values that live at once, measured with models/pixel-faces and models/fashion-mnist. */
const memoryOverhead = 1.5;

/** The model, with the memory that graphs with a derivative need. */
export function withGradientMemory(parts: ModelParts, bytesPerPixel: number): ModelParts {
  return { ...parts, memory: parts.memory.forBytesPerPixel(memoryOverhead * bytesPerPixel) };
}

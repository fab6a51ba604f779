import { add, constant, conv, encodeModel, graph, type Value } from '@glow-onnx/graph';
import { convTranspose } from '@glow-onnx/graph/internal';
import { version } from '../version.js';
import { type FolderGraph, graphValues } from './graph-values.js';

/**
 * The encode graph of a model folder with its terms in place, as the bytes of an .onnx file: x (and label) → z0 …,
 * log_prob and `surprise`, a number for each pixel; they sum to −log_prob, in nats. log_prob is a sum over images: the densities of
 * the latents with the constant log-scales, and the log-scales of the couplings. Here the same images are summed over
 * their channels alone, and a number of a coarse level is divided evenly among the pixels that it covers.
 * @throws RangeError if log_prob is computed in another way.
 */
export function surpriseGraph(source: FolderGraph): Uint8Array {
  const { inputs, outputs } = graphValues('encode', source);
  const { log_prob, log_prob_levels, ...latents } = outputs as Record<string, Value>;
  const logProb = log_prob as Value;
  const built = graph({
    name: 'encode-surprise',
    inputs: Object.values(inputs),
    outputs: { ...latents, log_prob: logProb, surprise: spread(summands(logProb)) },
  });
  return encodeModel(built, { producer: { name: '@glow-onnx/runtime', version } });
}

/** The images whose sums over channels, height and width add up to a value. */
function summands({ name, source }: Value): Value[] {
  if (source.kind === 'node' && source.operator === 'Add') return source.inputs.flatMap(summands);
  if (source.kind === 'node' && source.operator === 'ReduceSum') return source.inputs.slice(0, 1);
  throw new RangeError(`encode: log_prob is not a sum of images: "${name}"; export the model again`);
}

/** Minus the sum over channels of images at any level, as one image of one channel with the size of x. */
function spread(images: readonly Value[]): Value {
  const steps = images.map(pixelsPerCell);
  let map: Value | undefined;
  for (let step = Math.max(...steps); step >= 1; step /= 2) {
    const here = images.filter((_, i) => steps[i] === step).map(minusChannels);
    map = (map ? [convTranspose(map, quarters), ...here] : here).reduce(add);
  }
  return map as Value;
}

/** Pixels of x along a side of a cell: 2 at level 0, 4 at level 1. */
function pixelsPerCell({ shape: [, , height] }: Value): number {
  return typeof height === 'object' ? height.over : 1;
}

function minusChannels(image: Value): Value {
  const channels = image.shape[1] as number;
  return conv(image, constant([1, channels, 1, 1], new Float64Array(channels).fill(-1)));
}

/** Divides a number evenly among 2×2 pixels. */
const quarters = constant([1, 1, 2, 2], [0.25, 0.25, 0.25, 0.25]);

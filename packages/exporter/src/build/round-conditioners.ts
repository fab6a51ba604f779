import type { Float64Tensor, FlowWeights, Named } from '@glow-onnx/flow';
import { filled, type Precision } from '@glow-onnx/flow/internal';
import { roundFloat16 } from '@glow-onnx/graph/internal';

/** How a graph's file stores the kernel of a conditioner. The storage holds the rounded elements exactly. */
export type Storage =
  /** Half precision. `compute`: the convolution also runs in half precision. */
  | { readonly dtype: 'float16'; readonly compute: boolean }
  /** Integers −127 … 127 times a float32 factor per output channel. */
  | { readonly dtype: 'int8'; readonly scale: Float64Array };

/** Weights of one direction with the conditioners rounded to a precision. */
export interface RoundedWeights {
  readonly weights: FlowWeights<Float64Tensor>;
  /** By the kernel's full name; a kernel that is absent is float32. */
  readonly storage: Named<Storage>;
}

/**
 * Rounds the conditioners' convolutions to numbers that a precision can store. All other weights stay, so the result is
 * another flow with an exact inverse, which the float64 interpreter runs as the graphs do.
 * @throws RangeError naming a weight that half precision cannot hold.
 */
export function roundConditioners(weights: FlowWeights<Float64Tensor>, precision: Precision): RoundedWeights {
  if (precision === 'fp32') return { weights, storage: {} };
  const storage: Record<string, Storage> = {};
  const roundKernel = (place: string, kernel: Float64Tensor): Float64Tensor => {
    const { value, stored } =
      precision === 'int8-weights' ? toInt8(kernel) : toFloat16(place, kernel, precision);
    storage[place] = stored;
    return value;
  };
  const roundLayer = (layer: string, named: Named<Float64Tensor>): Named<Float64Tensor> =>
    Object.fromEntries(
      Object.entries(named).map(([name, value]) => {
        const place = `${layer}.${name}`;
        if (/^conv[123]\.weight$/.test(name)) return [name, roundKernel(place, value)];
        const inHalf = precision === 'fp16' && /^conv[123]\.bias$/.test(name);
        return [name, inHalf ? toFloat16(place, value, precision).value : value];
      }),
    );
  const rounded = Object.entries(weights).map(([layer, named]) => [
    layer,
    layer.endsWith('.coupling') ? roundLayer(layer, named) : named,
  ]);
  return { weights: Object.fromEntries(rounded), storage };
}

function toFloat16(place: string, { shape, data }: Float64Tensor, precision: Precision) {
  const rounded = data.map(roundFloat16);
  const bad = rounded.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `export: ${place} is ${data[bad]} at element ${bad}, which half precision cannot hold (at most 65504); ` +
        `remove ${precision} from --precision`,
    );
  }
  const stored: Storage = { dtype: 'float16', compute: precision === 'fp16' };
  return { value: { shape, data: rounded }, stored };
}

/** Symmetric per output channel: the largest weight is 127 steps. Products are rounded to float32, as in the graph. */
function toInt8(kernel: Float64Tensor): { value: Float64Tensor; stored: Storage } {
  const outputs = kernel.shape[0];
  const size = kernel.data.length / outputs;
  const value = filled(kernel.shape);
  const scale = new Float64Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const own = kernel.data.subarray(o * size, (o + 1) * size);
    const largest = own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    scale[o] = Math.fround(largest / 127) || 1;
    own.forEach((weight, i) => {
      value.data[o * size + i] = Math.fround(inSteps(weight, scale[o]) * scale[o]);
    });
  }
  return { value, stored: { dtype: 'int8', scale } };
}

/** The integer nearest to weight/scale in −127 … 127. */
export function inSteps(weight: number, scale: number): number {
  return Math.max(-127, Math.min(127, Math.round(weight / scale)));
}

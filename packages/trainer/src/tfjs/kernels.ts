import * as tf from '@tensorflow/tfjs-core';

/**
 * Moves and sums the channels of images (batch × height × width × channels). On the wasm backend these are kernels of
 * our own, plain loops over its heap: its Slice, Concat and PadV2 copy row by row through `subarray`, ten times slower
 * for rows of a few floats, and its Sum over leading axes transposes first.
 */

/** Channels [from, to) of x. */
export function takeChannels(x: tf.Tensor, from: number, to: number): tf.Tensor {
  if (onWasm()) return runKernel('TakeChannels', { x }, { from, to });
  return tf.slice(x, [0, 0, 0, from], [...x.shape.slice(0, 3), to - from]);
}

/** An image of `channels` channels that has x from channel `from` on, and zeros elsewhere. */
export function placeChannels(x: tf.Tensor, from: number, channels: number): tf.Tensor {
  if (onWasm()) return runKernel('PlaceChannels', { x }, { from, channels });
  const after = channels - from - (x.shape[3] as number);
  return tf.pad(x, [
    [0, 0],
    [0, 0],
    [0, 0],
    [from, after],
  ]);
}

/** The channels of a, then the channels of b. */
export function joinChannels(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (onWasm()) return runKernel('JoinChannels', { a, b });
  return tf.concat([a, b], 3);
}

/** Sum over all axes but the last: […, channels] → [channels]. */
export function sumRows(x: tf.Tensor): tf.Tensor {
  if (onWasm()) return runKernel('SumRows', { x });
  return tf.sum(tf.reshape(x, [-1, lastExtent(x)]), 0);
}

/** 1 where x is positive, 0 elsewhere. In TensorFlow for Node, `tf.step` is five operations. */
export function positive(x: tf.Tensor): tf.Tensor {
  return tf.getBackend() === 'tensorflow' ? tf.cast(tf.greater(x, 0), 'float32') : tf.step(x);
}

/**
 * The 3×3 neighbourhoods of an image, zero outside: one row per pixel, [pixels, 9·channels], column
 * tap·channels + channel, tap = 3·ky + kx. The row of pixel (y, x) has pixel (y + ky − 1, x + kx − 1) there, or with
 * `opposite` pixel (y + 1 − ky, x + 1 − kx). Wasm only.
 */
export function neighbourhoods(x: tf.Tensor, opposite: boolean): tf.Tensor {
  return runKernel('Neighbourhoods', { x }, { sign: opposite ? -1 : 1 });
}

/** Weight [out, in, 3, 3] → filter [3, 3, out, in] with its taps in opposite order, for gradients. Wasm only. */
export function backwardFilter(weight: tf.Tensor): tf.Tensor {
  return runKernel('BackwardFilter', { weight });
}

export function onWasm(): boolean {
  return tf.getBackend() === 'wasm';
}

function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs) as tf.Tensor;
}

/** The part of the wasm backend that kernels use. A view of the heap is invalid after another tensor is created. */
interface WasmBackend {
  makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
}

type Kernel = (
  wasm: WasmBackend,
  inputs: Record<string, tf.TensorInfo>,
  attrs: Record<string, number>,
) => tf.TensorInfo;

const kernels: Record<string, Kernel> = {
  TakeChannels(wasm, { x }, { from, to }) {
    const y = wasm.makeOutput([...x.shape.slice(0, -1), to - from], 'float32');
    copyChannels(wasm, x, from, y, 0, to - from);
    return y;
  },
  PlaceChannels(wasm, { x }, { from, channels }) {
    const y = wasm.makeOutput([...x.shape.slice(0, -1), channels], 'float32');
    wasm.typedArrayFromHeap(y).fill(0);
    copyChannels(wasm, x, 0, y, from, lastExtent(x));
    return y;
  },
  JoinChannels(wasm, { a, b }) {
    const y = wasm.makeOutput([...a.shape.slice(0, -1), lastExtent(a) + lastExtent(b)], 'float32');
    copyChannels(wasm, a, 0, y, 0, lastExtent(a));
    copyChannels(wasm, b, 0, y, lastExtent(a), lastExtent(b));
    return y;
  },
  SumRows(wasm, { x }) {
    const y = wasm.makeOutput([lastExtent(x)], 'float32');
    const values = wasm.typedArrayFromHeap(x);
    const sums = new Float64Array(lastExtent(x));
    for (let i = 0; i < values.length; i += sums.length) {
      for (let k = 0; k < sums.length; k++) sums[k] += values[i + k];
    }
    wasm.typedArrayFromHeap(y).set(sums);
    return y;
  },
  Neighbourhoods(wasm, { x }, { sign }) {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const y = wasm.makeOutput([n * h * w, 9 * c], 'float32');
    const source = wasm.typedArrayFromHeap(x);
    const target = wasm.typedArrayFromHeap(y).fill(0);
    for (let tap = 0; tap < 9; tap++) {
      const dy = sign * (Math.floor(tap / 3) - 1);
      const dx = sign * ((tap % 3) - 1);
      for (let row = 0; row < n * h; row++) {
        const neighbour = (row % h) + dy;
        if (neighbour < 0 || neighbour >= h) continue;
        for (let j = Math.max(0, -dx); j < Math.min(w, w - dx); j++) {
          const from = ((row + dy) * w + j + dx) * c;
          const to = ((row * w + j) * 9 + tap) * c;
          for (let k = 0; k < c; k++) target[to + k] = source[from + k];
        }
      }
    }
    return y;
  },
  BackwardFilter(wasm, { weight }) {
    const [outputs, inputs] = weight.shape as [number, number];
    const y = wasm.makeOutput([3, 3, outputs, inputs], 'float32');
    const source = wasm.typedArrayFromHeap(weight);
    const target = wasm.typedArrayFromHeap(y);
    const pairs = outputs * inputs;
    for (let tap = 0; tap < 9; tap++) {
      for (let k = 0; k < pairs; k++) target[tap * pairs + k] = source[k * 9 + 8 - tap];
    }
    return y;
  },
};

for (const [kernelName, kernel] of Object.entries(kernels)) {
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) =>
      kernel(
        backend as WasmBackend,
        inputs as Record<string, tf.TensorInfo>,
        attrs as Record<string, number>,
      ),
  });
}

function lastExtent(x: tf.TensorInfo): number {
  return x.shape[x.shape.length - 1];
}

/** Copies `count` channels of every pixel, from channel `from` of x to channel `to` of y. */
function copyChannels(
  wasm: WasmBackend,
  x: tf.TensorInfo,
  from: number,
  y: tf.TensorInfo,
  to: number,
  count: number,
): void {
  const source = wasm.typedArrayFromHeap(x);
  const target = wasm.typedArrayFromHeap(y);
  const [stepX, stepY] = [lastExtent(x), lastExtent(y)];
  for (let i = from, o = to; i < source.length; i += stepX, o += stepY) {
    for (let k = 0; k < count; k++) target[o + k] = source[i + k];
  }
}

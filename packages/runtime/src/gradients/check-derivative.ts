import { type GlowConfig, latentShapes } from '@glow-onnx/flow/manifest';
import { createRandom } from '@glow-onnx/flow/random';
import type { GraphKind } from '../graphs/signature.js';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { NamedTensors } from '../sessions/feeds.js';
import type { DerivativeRuns } from '../sessions/open-graphs.js';
import type { FloatTensor } from '../sessions/tensor.js';

/** A device that computes a derivative wrongly is wrong by its whole size. Differences in float32 are not exact. */
const tolerance = 0.1;

/** The changes of the function that differences are taken over: small ones drown in rounding, large ones meet curves. */
const changes = [0.03, 0.3, 3];

/**
 * Compares a derivative with differences of the graph without it, which has passed the self-test, at one sample of the
 * model and along the derivative's own direction.
 * @throws DeviceError if they differ.
 */
export async function checkDerivative(
  kind: GraphKind,
  device: Device,
  config: GlowConfig,
  runs: DerivativeRuns,
): Promise<void> {
  const labelled: NamedTensors = config.classes > 0 ? { label: firstClass(config.classes) } : {};
  const z = sampleLatents(config);
  const { x } = (await runs.decode({ ...z, ...labelled })) as { x: FloatTensor };
  const cotangent = normals(x.shape, 100);
  const zeros = { shape: x.shape, data: new Float32Array(x.data.length) };
  const [at, found] =
    kind === 'encode'
      ? [{ x }, await runs.gradient({ x, ...labelled })]
      : [z, await runs.gradient({ ...z, ...labelled, target: zeros, weight: zeros, cotangent })];
  const directions = Object.keys(at).map((name) =>
    kind === 'encode' ? (found.gradient as FloatTensor) : (found[`d${name}`] as FloatTensor),
  );
  const slope = Math.sqrt(directions.reduce((sum, direction) => sum + dot(direction, direction), 0));
  const valueAt = async (distance: number) => {
    const moved = Object.entries(at).map(([name, value], i) => [
      name,
      along(value, directions[i] as FloatTensor, distance / slope),
    ]);
    const inputs = { ...Object.fromEntries(moved), ...labelled };
    if (kind === 'encode') return (await runs.encode(inputs)).log_prob?.data[0] as number;
    return dot((await runs.decode(inputs)).x as FloatTensor, cotangent);
  };
  let error = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    const distance = change / slope; // along a direction of length 1
    const difference = (await valueAt(distance)) - (await valueAt(-distance));
    const relative = Math.abs(difference / (2 * change) - 1);
    if (relative < error) error = relative; // never NaN
  }
  if (error <= tolerance) return;
  throw new DeviceError(
    device,
    'self-test',
    `self-test: device "${device}" computes the gradient of the ${kind} graph wrongly: it differs from finite ` +
      `differences by ${(100 * error).toFixed(0)} %; load the model on another device`,
  );
}

/** Latents of one image of the training size, at temperature 0.7. */
function sampleLatents(config: GlowConfig): Record<string, FloatTensor> {
  const shapes = latentShapes(config, 1, config.height, config.width);
  return Object.fromEntries(shapes.map((shape, level) => [`z${level}`, normals(shape, level, 0.7)]));
}

function normals(shape: readonly number[], stream: number, deviation = 1): FloatTensor {
  const { normal } = createRandom(0, stream);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from({ length: size }, () => deviation * normal()) };
}

function firstClass(classes: number): FloatTensor {
  return {
    shape: [1, classes, 1, 1],
    data: Float32Array.from({ length: classes }, (_, i) => (i === 0 ? 1 : 0)),
  };
}

function along({ shape, data }: FloatTensor, direction: FloatTensor, factor: number): FloatTensor {
  return { shape, data: data.map((value, i) => value + factor * (direction.data[i] as number)) };
}

function dot(a: FloatTensor, b: FloatTensor): number {
  return a.data.reduce((sum, value, i) => sum + value * (b.data[i] as number), 0);
}

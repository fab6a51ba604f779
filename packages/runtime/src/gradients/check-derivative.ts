import { type GlowConfig, latentShapes } from '@glow-onnx/flow/manifest';
import { createRandom } from '@glow-onnx/flow/random';
import type { GraphKind } from '../graphs/signature.js';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { NamedTensors } from '../sessions/feeds.js';
import type { DerivativeRuns } from '../sessions/open-graphs.js';
import type { FloatTensor } from '../sessions/tensor.js';

type Tensors = Readonly<Record<string, FloatTensor>>;

/** A direction of length 1 in which a derivative is compared with differences. */
interface Probe {
  readonly direction: Tensors;
  /** What the derivative says of it. */
  readonly slope: number;
  /** Changes of the function along the derivative itself that are as far as the differences go. */
  readonly changes: readonly number[];
  /** Allowed difference from the slope. */
  readonly allowed: number;
}

/**
 * Along the derivative the function changes most. A derivative that is wrong there is wrong by its whole size.
 * Differences in float32 are not exact: small ones drown in rounding, large ones meet curves.
 */
const along = { changes: [0.3, 0.03, 3], tolerance: 0.1 };

/**
 * A derivative that lacks a part, and is right in all others, is right along itself. In a random direction of n numbers
 * it is off by its error, as a normal number, divided by √n. Of errors as large as half the derivative, four such probes
 * find 96 %. Right ones of trained and random models are off by a fiftieth to a fifth of this tolerance (measured).
 */
const across = { probes: 4, changes: [3, 0.3, 30], tolerance: 0.3 };

/** Roundings of float32 in a value of the function, as a share of it; devices sum in different orders. */
const rounding = 2 ** -21;

/**
 * Compares a derivative with differences of the graph without it, which has passed the self-test, at one sample of the
 * model: along the derivative, and along random directions of each input.
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
  const [at, derivative] =
    kind === 'encode'
      ? [{ x }, { x: (await runs.gradient({ x, ...labelled })).gradient as FloatTensor }]
      : [
          z,
          derivativeOf(
            z,
            await runs.gradient({ ...z, ...labelled, target: zeros, weight: zeros, cotangent }),
          ),
        ];
  const valueAt = async (moved: Tensors) => {
    if (kind === 'encode') return (await runs.encode({ ...moved, ...labelled })).log_prob?.data[0] as number;
    return dot((await runs.decode({ ...moved, ...labelled })).x as FloatTensor, cotangent);
  };
  const length = lengthOf(derivative);
  for (const probe of probesOf(derivative, length)) {
    const error = await errorOf(probe, at, length, valueAt);
    if (error <= 1) continue; // never NaN
    throw new DeviceError(
      device,
      'self-test',
      `self-test: device "${device}" computes the gradient of the ${kind} graph wrongly: it differs from finite ` +
        `differences by ${error.toFixed(1)} times what is allowed; load the model on another device`,
    );
  }
}

function* probesOf(derivative: Tensors, length: number): Generator<Probe> {
  const direction = mapValues(derivative, ({ shape, data }) => ({
    shape,
    data: data.map((v) => v / length),
  }));
  yield { direction, slope: length, changes: along.changes, allowed: along.tolerance * length };
  for (const [name, one] of Object.entries(derivative)) {
    for (let probe = 0; probe < across.probes; probe++) {
      const random = normals(one.shape, 200 + probe, 1 / Math.sqrt(one.data.length));
      yield {
        direction: { [name]: random },
        slope: dot(one, random),
        changes: across.changes,
        allowed: (across.tolerance * lengthOf({ [name]: one })) / Math.sqrt(one.data.length),
      };
    }
  }
}

/** The smallest difference between slope and finite differences over the changes, as a share of what is allowed. */
async function errorOf(
  { direction, slope, changes, allowed }: Probe,
  at: Tensors,
  length: number,
  valueAt: (moved: Tensors) => Promise<number>,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    const distance = change / length;
    const [above, below] = [
      await valueAt(moved(at, direction, distance)),
      await valueAt(moved(at, direction, -distance)),
    ];
    const noise = (rounding * (Math.abs(above) + Math.abs(below))) / (2 * distance);
    const error = Math.abs((above - below) / (2 * distance) - slope) / (allowed + noise);
    if (error < least) least = error;
    if (least <= 1) break;
  }
  return least;
}

function derivativeOf(at: Tensors, found: Readonly<Record<string, FloatTensor>>): Tensors {
  return Object.fromEntries(Object.keys(at).map((name) => [name, found[`d${name}`] as FloatTensor]));
}

function moved(at: Tensors, direction: Tensors, distance: number): Tensors {
  return Object.fromEntries(
    Object.entries(at).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, i) => value + distance * (direction[name]?.data[i] ?? 0)) },
    ]),
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

function lengthOf(tensors: Tensors): number {
  return Math.sqrt(Object.values(tensors).reduce((sum, one) => sum + dot(one, one), 0));
}

function mapValues(tensors: Tensors, change: (one: FloatTensor) => FloatTensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, change(one)]));
}

function dot(a: FloatTensor, b: FloatTensor): number {
  return a.data.reduce((sum, value, i) => sum + value * (b.data[i] as number), 0);
}

import {
  type GlowConfig,
  type Manifest,
  type Precision,
  type Tolerances,
  tolerances,
} from '@glow-onnx/flow/manifest';
import { takesPixels } from '@glow-onnx/flow/pixels';
import { parseSafetensors } from '@glow-onnx/flow/safetensors';
import { batchBytes, bytesPerPixel } from '../model/cost.js';
import type { Device } from './device.js';
import type { FloatTensor } from './tensor.js';

/** `golden.safetensors`: the results of the float64 interpreter on a few images, by name. */
export type Golden = Readonly<Record<string, FloatTensor>>;

/** One claim about a graph, its measured error and the tolerance. */
export type Measurement = Manifest['measured'][number];

/** @throws SyntaxError or RangeError if the bytes are not golden values. */
export function parseGolden(bytes: Uint8Array): Golden {
  const { tensors } = parseSafetensors(bytes);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      if (!(data instanceof Float32Array)) {
        throw new RangeError(`golden.safetensors: "${name}" is not float32; export the model again`);
      }
      return [name, { shape, data }];
    }),
  );
}

/** Golden values of smaller precisions stand below the precision's name: rounded weights are another flow. */
export function goldenPrefix(precision: Precision): string {
  return precision === 'fp32' ? '' : `${precision}/`;
}

/** @throws RangeError if the golden images need more memory than a few large batches. */
export function checkGoldenSize({ x }: Golden, config: GlowConfig): void {
  const [images = 1, , height = 1, width = 1] = x?.shape ?? [];
  if (images * height * width * bytesPerPixel(config) <= 4 * batchBytes) return;
  throw new RangeError(
    `golden.safetensors: ${images} images of ${height}×${width} need too much memory; export with fewer or smaller images`,
  );
}

/**
 * A model amplifies rounding, in whatever program, if float64 itself decodes the golden images with an error of more than
 * a tenth of the tolerance when their latents are rounded to float32. Float32 rounds in each operation: in random models
 * its error is up to 10⁴ times as large (measured on wasm). What is left of the check of decode is that its results are
 * finite; the check of encode stays as it is.
 */
const unstable = { from: 0.1, factor: 1e5 };

/**
 * The error of float64 if a precision's model amplifies rounding; undefined if it does not. In model units; of numbers as
 * a share of the largest.
 */
export function roundingErrorOf(
  golden: Golden,
  precision: Precision,
  config: Pick<GlowConfig, 'bits'>,
): number | undefined {
  if (!golden.x) return undefined;
  const error =
    largestError(golden[`${goldenPrefix(precision)}decode.x`], golden.x) / unitOf(golden.x, config);
  return error > unstable.from * tolerances.cpu[precision].image ? Number(error.toPrecision(3)) : undefined;
}

/** The unit of an error of x: images have a range of 1, numbers that of the golden values. */
function unitOf(x: FloatTensor, config: Pick<GlowConfig, 'bits'>): number {
  return takesPixels(config) ? 1 : largest(x.data) || 1;
}

export interface GoldenRequest {
  readonly golden: Golden;
  readonly config: Pick<GlowConfig, 'levels' | 'bits'>;
  readonly precision: Precision;
  /** The device whose tolerances apply. */
  readonly device: Device;
  /** Factor on the tolerances. */
  readonly slack: number;
  /** That of the manifest; default: the model does not amplify rounding. */
  readonly roundingError?: number | undefined;
  /** Runs one graph on several inputs, one after another. */
  run(
    graph: 'encode' | 'decode',
    inputs: readonly Record<string, FloatTensor>[],
  ): Promise<readonly Readonly<Record<string, FloatTensor>>[]>;
}

/**
 * Runs the golden images through both graphs and compares: z and log p(x) of encode, x of decode, and the round trip.
 * @throws Error if golden values or outputs are missing, or a run fails.
 */
export async function measureGolden(request: GoldenRequest): Promise<Measurement[]> {
  const { golden, config, precision, device, slack, roundingError = 0, run } = request;
  const below = goldenPrefix(precision);
  const known = (name: string) => tensorOf(golden, name, 'golden.safetensors');
  const x = known('x');
  const names = Array.from({ length: config.levels }, (_, level) => `z${level}`);
  const latents = names.map((name) => known(below + name));
  const labelled = golden.label ? { label: golden.label } : {};
  const [encoded = {}] = await run('encode', [{ x, ...labelled }]);
  const z = names.map((name) => tensorOf(encoded, name, 'the encode graph'));
  const logProb = tensorOf(encoded, 'log_prob', 'the encode graph');
  const asInputs = (values: readonly FloatTensor[]) => ({
    ...Object.fromEntries(values.map((value, level) => [`z${level}`, value])),
    ...labelled,
  });
  const images = await run('decode', [asInputs(latents), asInputs(z)]);
  const [decoded, restored] = images.map((outputs) => tensorOf(outputs, 'x', 'the decode graph'));

  const goldenLogProb = known(`${below}log_prob`);
  const dimensions = x.data.length / (x.shape[0] as number);
  const allowed: Tolerances = tolerances[device][precision];
  const ofImage = Math.max(allowed.image, unstable.factor * roundingError);
  const measured = (claim: string, value: number, tolerance: number): Measurement => ({
    device,
    precision,
    claim,
    value: Number(value.toPrecision(3)),
    tolerance: Number((tolerance * slack).toPrecision(3)),
  });
  const ofLevel = (level: FloatTensor, l: number) =>
    largestError(z[l], level) / Math.max(1, largest(level.data));
  const unit = unitOf(x, config);
  const ofX = takesPixels(config) ? 'error of x' : 'error of x over the largest x';
  return [
    measured(
      'encode against float64: error of z over the largest z',
      Math.max(...latents.map(ofLevel)),
      allowed.latents,
    ),
    measured(
      'encode against float64: error of log_prob over its size',
      largestError(logProb, goldenLogProb) / Math.max(dimensions, largest(goldenLogProb.data)),
      allowed.logProb,
    ),
    measured(
      `decode against float64: ${ofX}`,
      largestError(decoded, known(`${below}decode.x`)) / unit,
      ofImage,
    ),
    measured(`decode(encode(x)): ${ofX}`, largestError(restored, x) / unit, ofImage),
  ];
}

/** Whether a measured error is within its tolerance. NaN never is. */
export function holds({ value, tolerance }: Measurement): boolean {
  return value <= tolerance;
}

function tensorOf(tensors: Golden, name: string, where: string): FloatTensor {
  const found = tensors[name];
  if (!found) throw new Error(`${where} has no "${name}"; export the model again`);
  return found;
}

/** NaN if a number is NaN, or if the shapes differ. */
function largestError(a: FloatTensor | undefined, b: FloatTensor): number {
  if (a?.shape.join() !== b.shape.join()) return Number.NaN;
  return b.data.reduce((error, value, i) => Math.max(error, Math.abs(value - (a.data[i] as number))), 0);
}

function largest(values: Float32Array): number {
  return values.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}

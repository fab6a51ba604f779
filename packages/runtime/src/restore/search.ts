import { createRandom } from '@glow-onnx/flow/random';
import { Adam, type Rate, rateAt } from './adam.js';
import type { Measurement } from './measurement.js';
import type { Prior } from './prior.js';

/** A batch of images with one measurement each. */
export interface Problem {
  readonly prior: Prior;
  readonly measurements: readonly Measurement[];
  /** The weight of log p against the misfit, where a measurement is noisy. */
  readonly densityWeight: number;
  /** Called after each step with the images so far, which are not to be changed. */
  onStep(x: Float32Array): Promise<void>;
}

/** The best images that a search has met, by the objective. */
export interface Found {
  readonly x: Float32Array;
  /** Of each image; −Infinity if the model could compute none. */
  readonly objective: Float64Array;
}

export interface ImageSearch {
  readonly steps: number;
  readonly rate: Rate;
}

/** Image n of a batch. */
const part = (values: Float32Array, n: number, size: number) => values.subarray(n * size, (n + 1) * size);

/** densityWeight·log p(x) − ‖A·x − y‖²/2σ² for each image, and its slope in the directions that are free. */
async function evaluate({ prior, measurements, densityWeight }: Problem, x: Float32Array) {
  const { logProb, gradient, z } = await prior.gradient(x);
  const objective = new Float64Array(prior.batch);
  const slope = new Float32Array(x.length);
  for (const [n, { sigma, residual, free }] of measurements.entries()) {
    const own = part(x, n, prior.size);
    const weight = sigma > 0 ? densityWeight : 1;
    const total = free(part(gradient, n, prior.size)).map((value) => weight * value);
    objective[n] = weight * (logProb[n] as number);
    if (sigma > 0) {
      const misfit = residual(own);
      for (let i = 0; i < total.length; i++) {
        total[i] = (total[i] as number) - (misfit[i] as number) / sigma ** 2;
        objective[n] = (objective[n] as number) - (misfit[i] as number) ** 2 / (2 * sigma ** 2);
      }
    }
    slope.set(total, n * prior.size);
  }
  return { objective, slope, z };
}

function isUsable(objective: number, slope: Float32Array): boolean {
  return Number.isFinite(objective) && slope.every(Number.isFinite);
}

/**
 * Keeps the best images of a search, and takes an image back to the last usable one where the model fails, whose steps
 * are then half as long.
 */
function createRecord({ prior, measurements }: Problem, start: Float32Array) {
  const best = start.slice();
  const last = start.slice();
  const objective = new Float64Array(prior.batch).fill(Number.NEGATIVE_INFINITY);
  return {
    best,
    objective,
    /** How far each image may move, from 1 down. */
    scale: new Float64Array(prior.batch).fill(1),
    note(x: Float32Array, found: Float64Array, slope: Float32Array): void {
      for (let n = 0; n < prior.batch; n++) {
        const own = part(x, n, prior.size);
        if (!isUsable(found[n] as number, part(slope, n, prior.size))) {
          this.scale[n] = (this.scale[n] as number) / 2;
          own.set(part(last, n, prior.size));
          part(slope, n, prior.size).fill(0);
          continue;
        }
        last.set(own, n * prior.size);
        if ((found[n] as number) > (objective[n] as number)) {
          objective[n] = found[n] as number;
          best.set(own, n * prior.size);
        }
      }
    },
    project(x: Float32Array): void {
      for (const [n, measurement] of measurements.entries()) measurement.project(part(x, n, prior.size));
    },
  };
}

/** Climbs the objective in the values of the images with Adam. */
export async function climbInImage(
  problem: Problem,
  start: Float32Array,
  search: ImageSearch,
): Promise<Found> {
  const { prior } = problem;
  const x = start.slice();
  const record = createRecord(problem, x);
  record.project(x);
  const adams = Array.from({ length: prior.batch }, () => new Adam(prior.size, [0.9, 0.99]));
  for (let step = 0; step <= search.steps; step++) {
    const { objective, slope } = await evaluate(problem, x);
    record.note(x, objective, slope);
    if (step === search.steps) break;
    const rate = rateAt(search.rate, step, search.steps);
    for (const [n, adam] of adams.entries()) {
      adam.move(part(x, n, prior.size), part(slope, n, prior.size), rate * (record.scale[n] as number));
    }
    record.project(x);
    await problem.onStep(x);
  }
  return { x: record.best, objective: record.objective };
}

/**
 * Climbs the objective along the latents: the slope in the image is carried to the latents by the transposed Jacobian of
 * decode, Adam moves them, and decode carries them back. This is ascent preconditioned by J·Jᵀ, which follows what the
 * model has learned: far fewer steps than in the image.
 */
export async function climbAlongLatents(
  problem: Problem,
  start: Float32Array,
  search: ImageSearch,
): Promise<Found> {
  const { prior } = problem;
  const x = start.slice();
  const record = createRecord(problem, x);
  record.project(x);
  const adams = prior.latentSizes.map((size) =>
    Array.from({ length: prior.batch }, () => new Adam(size, [0.8, 0.98])),
  );
  const zeros = new Float32Array(x.length);
  for (let step = 0; step <= search.steps; step++) {
    const { objective, slope, z } = await evaluate(problem, x);
    record.note(x, objective, slope);
    if (step === search.steps) break;
    const at = z.map((level) => level.map((value) => (Number.isFinite(value) ? value : 0)));
    const { dz } = await prior.pull(at, { target: zeros, weight: zeros, cotangent: slope });
    const rate = rateAt(search.rate, step, search.steps);
    for (const [level, size] of prior.latentSizes.entries()) {
      for (let n = 0; n < prior.batch; n++) {
        const own = part(at[level] as Float32Array, n, size);
        const along = part(dz[level] as Float32Array, n, size);
        (adams[level] as Adam[])[n]?.move(own, along, rate * (record.scale[n] as number));
      }
    }
    const next = await prior.decode(at);
    for (let i = 0; i < x.length; i++) if (Number.isFinite(next[i])) x[i] = next[i] as number;
    record.project(x);
    await problem.onStep(x);
  }
  return { x: record.best, objective: record.objective };
}

export interface LatentSearch extends ImageSearch {
  /** Deviation of the misfit, in model units, from the first step to the last, if the measurement's own is not larger. */
  readonly sigma: Rate;
  /** Where the search starts: latents 0, or those of the start image. */
  readonly from: 'zero' | 'image';
  /** For a draw: latents ~ N(0, temperature²) that the result stays near, by seed and image. */
  readonly draw?: {
    readonly temperature: number;
    readonly seed: number;
    /** The stream of random numbers of each image of the batch. */
    readonly streams: readonly number[];
  };
}

/** Latents beyond are not in any training image. */
const largestLatent = 6;

/**
 * Minimises ‖A·decode(z) − y‖²/2σ² + ‖z − z₀‖²/2 in the latents with Adam, σ falling. z₀ is 0 for the most likely image, and
 * drawn for a sample (perturb and optimise).
 */
export async function fitLatents(
  problem: Problem,
  start: Float32Array,
  search: LatentSearch,
): Promise<Float32Array> {
  const { prior, measurements } = problem;
  const centre = centreOf(prior, search);
  const z =
    search.draw || search.from === 'zero' ? centre.map((level) => level.slice()) : await near(prior, start);
  const adams = prior.latentSizes.map((size) =>
    Array.from({ length: prior.batch }, () => new Adam(size, [0.9, 0.99])),
  );
  const pulled = createPull(problem, start.length);
  let x = start;
  for (let step = 0; step < search.steps; step++) {
    const sigma = rateAt(search.sigma, step, search.steps);
    const rate = rateAt(search.rate, step, search.steps);
    const { x: decoded, dz } = await pulled(z, sigma);
    x = decoded;
    await problem.onStep(x);
    for (const [level, size] of prior.latentSizes.entries()) {
      const [values, middle] = [z[level] as Float32Array, centre[level] as Float32Array];
      const slope = (dz[level] as Float32Array).map(
        (value, i) => value + (values[i] as number) - (middle[i] as number),
      );
      for (let n = 0; n < prior.batch; n++) {
        (adams[level] as Adam[])[n]?.move(part(values, n, size), part(slope, n, size), -rate);
      }
      for (let i = 0; i < values.length; i++) {
        values[i] = Math.min(largestLatent, Math.max(-largestLatent, values[i] as number));
      }
    }
  }
  x = await prior.decode(z);
  const result = x.map((value, i) => (Number.isFinite(value) ? value : (start[i] as number)));
  for (const [n, measurement] of measurements.entries()) measurement.project(part(result, n, prior.size));
  return result;
}

/**
 * decode(z), and the slope of the misfit in z: in one run if all measurements take single values, else in two. The
 * deviation of a misfit is that of the search, and never below that of the measurement's own noise.
 */
function createPull({ prior, measurements }: Problem, length: number) {
  const zeros = new Float32Array(length);
  const precision = (measurement: Measurement, sigma: number) => 1 / Math.max(sigma, measurement.sigma) ** 2;
  const values = measurements.flatMap((measurement) => measurement.values ?? []);
  if (values.length < measurements.length) {
    return async (z: readonly Float32Array[], sigma: number) => {
      const x = await prior.decode(z);
      const cotangent = new Float32Array(length);
      for (const [n, measurement] of measurements.entries()) {
        const scale = precision(measurement, sigma);
        const misfit = measurement.residual(part(x, n, prior.size)).map((value) => value * scale);
        cotangent.set(misfit, n * prior.size);
      }
      return { x, dz: (await prior.pull(z, { target: zeros, weight: zeros, cotangent })).dz };
    };
  }
  const target = new Float32Array(length);
  for (const [n, own] of values.entries()) target.set(own.target, n * prior.size);
  return (z: readonly Float32Array[], sigma: number) => {
    const weight = new Float32Array(length);
    for (const [n, own] of values.entries()) {
      const scale = precision(measurements[n] as Measurement, sigma);
      weight.set(
        own.weight.map((one) => one * scale),
        n * prior.size,
      );
    }
    return prior.pull(z, { target, weight, cotangent: zeros });
  };
}

function centreOf({ latentSizes, batch }: Prior, { draw }: LatentSearch): Float32Array[] {
  return latentSizes.map((size, level) => {
    const centre = new Float32Array(size * batch);
    if (!draw) return centre;
    for (let n = 0; n < batch; n++) {
      const { normal } = createRandom(draw.seed, (draw.streams[n] as number) * latentSizes.length + level);
      for (let i = 0; i < size; i++) centre[n * size + i] = draw.temperature * normal();
    }
    return centre;
  });
}

/** The latents of an image, those that no training image has cut. */
async function near(prior: Prior, x: Float32Array): Promise<Float32Array[]> {
  const { z } = await prior.encode(x);
  return z.map((level) =>
    level.map((value) => (Number.isFinite(value) ? Math.min(4, Math.max(-4, value)) : 0)),
  );
}

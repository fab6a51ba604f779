import { describe, type GlowConfig, latentShapes } from '@glow-onnx/flow/manifest';
import type { Random } from '@glow-onnx/flow/random';
import { findNotFinite } from '../check.js';

/** One level's latent of one image, row-major. */
export interface LatentLevel {
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number];
  readonly data: Float32Array;
}

/**
 * The latents of one image, standardised: their distribution is N(0, I), whatever the model's prior.
 * `levels[0]` is z0, the finest. A 3×8×8 image through two levels: [6, 4, 4] and [24, 2, 2].
 */
export interface Latents {
  readonly levels: readonly LatentLevel[];
}

/** The path between two latents: a straight line, or an arc on which the norm stays typical of a Gaussian. */
export type InterpolationMode = 'linear' | 'spherical';

/** The shapes of one image's latents: [channels, height, width] of each level. */
export function levelShapes(config: GlowConfig, height: number, width: number): [number, number, number][] {
  return latentShapes(config, 1, height, width).map(([, channels, h, w]) => [channels, h, w]);
}

/** Whether a value has the form of latents. Their shapes and numbers are not looked at. */
export function looksLikeLatents(value: unknown): value is Latents {
  if (typeof value !== 'object' || value === null || !('levels' in value)) return false;
  return Array.isArray(value.levels) && value.levels.every((level) => typeof level === 'object');
}

/**
 * Checks a caller's latents.
 * @returns the size of the image that they belong to.
 * @throws TypeError or RangeError that names the level, the expected shape and the shape given.
 */
export function checkLatents(
  config: GlowConfig,
  latents: Latents,
  where: string,
): { height: number; width: number } {
  const levels = latents?.levels;
  if (!Array.isArray(levels) || levels.length !== config.levels) {
    const got = Array.isArray(levels) ? `${levels.length} levels` : describe(latents);
    throw new TypeError(
      `${where}: expected latents with ${config.levels} levels, got ${got}; ${latentsAdvice(latents)}`,
    );
  }
  const [, h, w] = (levels as readonly LatentLevel[])[0]?.shape ?? [];
  const [height, width] = [(h as number) * 2, (w as number) * 2];
  for (const [level, shape] of levelShapes(config, height, width).entries()) {
    const got = levels[level] as LatentLevel;
    const extents: readonly number[] = got?.shape ?? [];
    const fits = shape.every((extent, axis) => isExtent(extent) && extents[axis] === extent);
    if (!fits || extents.length !== 3) {
      throw new RangeError(
        `${where}: level ${level} has shape [${extents.join(', ')}], expected [${shape.join(', ')}]; pass what encode returned`,
      );
    }
    checkLevelData(got, level, where);
  }
  return { height, width };
}

function latentsAdvice(given: unknown): string {
  if (typeof given !== 'object' || given === null || !('z' in given))
    return 'pass the z that encode returned';
  return 'format' in given ? 'pass the z that latentsFromJson returns for it' : 'pass its z';
}

/** Whether this is a positive integer. */
export function isExtent(extent: unknown): boolean {
  return Number.isSafeInteger(extent) && (extent as number) > 0;
}

function checkLevelData({ shape, data }: LatentLevel, level: number, where: string): void {
  const size = shape[0] * shape[1] * shape[2];
  if (!(data instanceof Float32Array) || data.length !== size) {
    const got = data instanceof Float32Array ? `${data.length} numbers` : describe(data);
    const advice =
      data instanceof Float32Array ? '' : '; JSON keeps latents through latentsToJson and latentsFromJson';
    throw new TypeError(
      `${where}: level ${level} must hold a Float32Array of ${size} numbers, got ${got}${advice}`,
    );
  }
  const bad = findNotFinite(data);
  if (bad >= 0)
    throw new RangeError(`${where}: level ${level} holds ${data[bad]} at ${bad}; latents must be finite`);
}

/** Standard normals times the temperature of their level, drawn in float64 in the order z0 … z{L−1}, then rounded to float32. */
export function drawLatents(
  shapes: readonly [number, number, number][],
  temperatures: readonly number[],
  random: Random,
): Latents {
  const levels = shapes.map((shape, level) => {
    const temperature = temperatures[level] as number;
    const length = shape[0] * shape[1] * shape[2];
    return { shape, data: Float32Array.from({ length }, () => temperature * random.normal()) };
  });
  return { levels };
}

/**
 * `steps` latents from a to b, both included. Levels that are not in `moving` stay a's.
 * linear: (1−t)·a + t·b. spherical: (sin((1−t)ω)·a + sin(tω)·b) / sin ω, ω the angle between a and b over all
 * moving levels together (Shoemake 1985). If a and b are almost parallel, the path is linear.
 */
export function latentPath(
  a: Latents,
  b: Latents,
  steps: number,
  mode: InterpolationMode,
  moving: readonly number[] = [...a.levels.keys()],
): Latents[] {
  const angle = mode === 'spherical' ? angleBetween(a, b, moving) : 0;
  const sine = Math.sin(angle);
  return Array.from({ length: steps }, (_, step) => {
    const t = step / (steps - 1);
    if (step === 0) return a;
    if (step === steps - 1) return mixLatents(a, b, moving);
    if (sine < 1e-6) return combine(a, b, 1 - t, t, moving);
    return combine(a, b, Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine, moving);
  });
}

/** a with these levels of b. */
export function mixLatents(a: Latents, b: Latents, levels: readonly number[]): Latents {
  return {
    levels: a.levels.map((ofA, level) => (levels.includes(level) ? b.levels[level] : ofA) as LatentLevel),
  };
}

/** z + strength·direction, level by level. */
export function addDirection(z: Latents, direction: Latents, strengths: readonly number[]): Latents {
  const levels = z.levels.map(({ shape, data }, level) => {
    const added = direction.levels[level]?.data as Float32Array;
    const strength = strengths[level] as number;
    return { shape, data: data.map((value, i) => value + strength * (added[i] as number)) };
  });
  return { levels };
}

function combine(
  a: Latents,
  b: Latents,
  weightA: number,
  weightB: number,
  moving: readonly number[],
): Latents {
  const levels = a.levels.map((level, index) => {
    if (!moving.includes(index)) return level;
    const other = b.levels[index]?.data as Float32Array;
    const data = level.data.map((value, i) => weightA * value + weightB * (other[i] as number));
    return { shape: level.shape, data };
  });
  return { levels };
}

function angleBetween(a: Latents, b: Latents, moving: readonly number[]): number {
  let dot = 0;
  let squareA = 0;
  let squareB = 0;
  for (const level of moving) {
    const other = b.levels[level]?.data as Float32Array;
    for (const [i, value] of (a.levels[level] as LatentLevel).data.entries()) {
      dot += value * (other[i] as number);
      squareA += value ** 2;
      squareB += (other[i] as number) ** 2;
    }
  }
  const cosine = dot / Math.sqrt(squareA * squareB);
  return Number.isFinite(cosine) ? Math.acos(Math.min(Math.max(cosine, -1), 1)) : 0;
}

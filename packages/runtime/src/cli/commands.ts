import { readFile } from 'node:fs/promises';
import type { Fit } from '../fit.js';
import { loadGlow } from '../index.js';
import { loadLatents, saveLatents } from '../latents-file.js';
import type { GlowModel } from '../model.js';
import { writeFileAtomic } from '../node/write-file.js';
import type { Device } from '../session.js';
import { imagePaths, refuseExisting, writeGrid, writeImages } from './outputs.js';
import { type Report, table } from './report.js';

export interface ModelFlags {
  readonly device: Device | 'auto';
  readonly label?: number;
}

export interface EncodeFlags extends ModelFlags {
  readonly fit?: Fit;
}

export interface OutputFlags {
  readonly out: string;
  readonly force: boolean;
}

async function withModel<T>(
  directory: string,
  { device }: ModelFlags,
  use: (model: GlowModel) => Promise<T>,
): Promise<T> {
  const model = await loadGlow(directory, { device });
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/** The options of a library call, without those that were not given. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

export async function encode(
  directory: string,
  images: readonly string[],
  { out, force, fit, label, ...flags }: EncodeFlags & OutputFlags,
): Promise<Report> {
  refuseExisting([out], force);
  return withModel(directory, flags, async (model) => {
    const { z, logProb } = await model.encode(images, given({ fit, label }));
    await writeFileAtomic(out, saveLatents(model, { names: images, z, logProb }));
    const levels = z[0]?.levels.map(({ shape }, level) => `z${level} ${shape.join('×')}`) ?? [];
    const rows = images.map((image, i) => [image, (logProb[i] as number).toFixed(2)]);
    return {
      text: `${table([['image', 'log p (nats)'], ...rows])}\n\nwrote ${out}: ${levels.join(', ')}`,
      json: { out, images: images.map((image, i) => ({ image, logProb: logProb[i] })) },
    };
  });
}

export async function decode(
  directory: string,
  latents: string,
  { out, force, label, ...flags }: ModelFlags & OutputFlags,
): Promise<Report> {
  const bytes = await readFile(latents);
  return withModel(directory, flags, async (model) => {
    const { z } = loadLatents(model, bytes);
    const paths = imagePaths(out, z.length);
    refuseExisting(paths, force);
    await writeImages(paths, await model.decode(z, given({ label })));
    return { text: `wrote ${z.length} pictures to ${out}`, json: { images: paths } };
  });
}

export interface SampleFlags extends ModelFlags, OutputFlags {
  readonly count: number;
  readonly temperature: number;
  readonly seed: number;
  readonly height?: number;
  readonly width?: number;
  readonly columns?: number;
  readonly scale?: number;
}

export async function sample(directory: string, flags: SampleFlags): Promise<Report> {
  const { out, force, count, temperature, seed, height, width, label, columns, scale } = flags;
  const isGrid = out.toLowerCase().endsWith('.png');
  if (!isGrid && /\.(jpe?g|webp|gif|bmp|tiff?|avif)$/i.test(out)) {
    throw new RangeError(`sample: ${out} is no PNG; pass --out FILE.png for one picture of all, or a folder`);
  }
  const paths = isGrid ? [out] : imagePaths(out, count);
  refuseExisting(paths, force);
  return withModel(directory, flags, async (model) => {
    const images = await model.sample({ count, temperature, seed, ...given({ height, width, label }) });
    await (isGrid ? writeGrid(out, images, { columns, scale }) : writeImages(paths, images));
    return {
      text: `wrote ${count} samples at temperature ${temperature}, seed ${seed}, to ${out}`,
      json: { images: paths, count, temperature, seed },
    };
  });
}

export interface InterpolateFlags extends EncodeFlags, OutputFlags {
  readonly steps: number;
  readonly mode: 'linear' | 'spherical';
  readonly scale?: number;
}

export async function interpolate(
  directory: string,
  a: string,
  b: string,
  { out, force, steps, mode, fit, label, scale, ...flags }: InterpolateFlags,
): Promise<Report> {
  refuseExisting([out], force);
  return withModel(directory, flags, async (model) => {
    const images = await model.interpolate(a, b, { steps, mode, ...given({ fit, label }) });
    await writeGrid(out, images, { columns: steps, scale });
    return { text: `wrote ${steps} steps from ${a} to ${b} to ${out}`, json: { out, steps, mode } };
  });
}

export interface ScoreFlags extends EncodeFlags {
  readonly draws: number;
  readonly seed: number;
}

export async function score(
  directory: string,
  images: readonly string[],
  { draws, seed, fit, label, ...flags }: ScoreFlags,
): Promise<Report> {
  return withModel(directory, flags, async (model) => {
    const options = given({ fit, label });
    const bitsPerDim = await model.bitsPerDim(images, { draws, seed, ...options });
    const { logProb } = await model.encode(images, options);
    const scores = images.map((image, i) => ({
      image,
      bitsPerDim: bitsPerDim[i] as number,
      logProb: logProb[i] as number,
    }));
    const mean = bitsPerDim.reduce((sum, value) => sum + value, 0) / images.length;
    const rows = scores.map((row) => [row.image, row.bitsPerDim.toFixed(4), row.logProb.toFixed(2)]);
    const last = images.length > 1 ? [['mean', mean.toFixed(4), '']] : [];
    return {
      text: table([['image', 'bits/dim', 'log p (nats)'], ...rows, ...last]),
      json: { draws, seed, mean, images: scores },
    };
  });
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dequantisation } from '@glow-onnx/flow';
import { parseJsonObject } from '@glow-onnx/flow/internal';

export const metricsName = 'metrics.jsonl';

/**
 * A line of `metrics.jsonl`: of training (every 50 steps and at the end of an epoch), or of a validation (only `step`,
 * `epoch`, `images` and bits/dim of the held-out images).
 */
export interface Metrics {
  /** Steps done, including skipped steps. */
  readonly step: number;
  /** Epochs completed. */
  readonly epoch?: number;
  /** Training images seen. */
  readonly images?: number;
  /** bits/dim of the training images, by the bound that is trained: the mean since the last line. */
  readonly bitsPerDim?: number;
  /** The part of `bitsPerDim` that each level adds, the finest level first. */
  readonly bitsPerDimLevels?: readonly number[];
  /** bits/dim of the held-out images by the uniform bound, by the averaged weights. */
  readonly validationBitsPerDim?: number;
  /** The same by the variational bound, with variational dequantisation. */
  readonly validationBitsPerDimVariational?: number;
  /** The largest norm of a gradient since the last line, before clipping. */
  readonly gradientNorm?: number;
  /** The learning rate of the last step. */
  readonly rate?: number;
  /** Recent speed. */
  readonly imagesPerSecond?: number;
  /** Share of the recent time, 0 to 1, in which training waited for images. */
  readonly waiting?: number;
  /** Steps skipped since the start, because the norm of their gradient was an outlier. */
  readonly skipped?: number;
  /** Steps undone since the start, because their loss or gradient was not finite. */
  readonly rolledBack?: number;
}

/** Where a line of a validation has bits/dim, by the bound. */
export const heldOutBitsPerDim = {
  uniform: 'validationBitsPerDim',
  variational: 'validationBitsPerDimVariational',
} as const satisfies Record<Dequantisation, keyof Metrics>;

/** A line has 500 bytes. */
const lineLimits = { where: metricsName, maxLength: 2 ** 16, maxValues: 2 ** 10 };

/** The complete lines of a run's `metrics.jsonl`: a crash may cut the last line short. */
export async function readMetrics(run: string): Promise<Metrics[]> {
  const text = await readFile(join(run, metricsName), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      return [numbersOf(parseJsonObject(line, lineLimits))];
    } catch {
      return [];
    }
  });
}

/** The file may be a stranger's: what is not a finite number is left out. */
function numbersOf(line: Readonly<Record<string, unknown>>): Metrics {
  const kept = Object.entries(line).filter(([name, value]) =>
    name === 'bitsPerDimLevels'
      ? Array.isArray(value) && value.every(Number.isFinite)
      : Number.isFinite(value),
  );
  return Object.fromEntries(kept) as unknown as Metrics;
}

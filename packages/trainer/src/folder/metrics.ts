import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonObject } from '@glow-onnx/flow/internal';

export const metricsName = 'metrics.jsonl';

/** A line of `metrics.jsonl`: of training, or of a validation. */
export interface Metrics {
  readonly step: number;
  readonly epoch?: number;
  readonly images?: number;
  readonly bitsPerDim?: number;
  /** The part of `bitsPerDim` that each level adds, the finest level first. */
  readonly bitsPerDimLevels?: readonly number[];
  readonly validationBitsPerDim?: number;
  readonly gradientNorm?: number;
  readonly rate?: number;
  readonly imagesPerSecond?: number;
  readonly waiting?: number;
  readonly skipped?: number;
  readonly rolledBack?: number;
}

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
      return [parseJsonObject(line, lineLimits) as unknown as Metrics];
    } catch {
      return [];
    }
  });
}

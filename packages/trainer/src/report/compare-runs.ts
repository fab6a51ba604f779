import { isDeepStrictEqual } from 'node:util';
import type { Checkpoint, Dequantisation } from '@glow-onnx/flow';
import { takesPixels } from '@glow-onnx/flow/internal';
import { readMetrics } from '../folder/metrics.js';
import { readRun } from '../folder/read-run.js';
import { runOf } from '../run/run-checkpoint.js';
import { type ComparedRun, mostRuns, renderComparison } from './comparison.js';
import { readGrids } from './grids.js';
import { ofBound } from './numbers.js';

/** A comparison of runs as an HTML page, and why their bits/dim cannot be compared, if so. */
export interface Comparison {
  readonly page: string;
  readonly warning: string | undefined;
}

/**
 * Compares the runs in these folders. A run may still be training.
 * @throws RangeError if there are fewer than two folders or more than six; Error if a folder has no run.
 */
export async function compareRuns(folders: readonly string[]): Promise<Comparison> {
  if (folders.length < 2 || folders.length > mostRuns) {
    throw new RangeError(`compare: expected 2 to ${mostRuns} run folders, got ${folders.length}`);
  }
  const runs = [];
  for (const folder of folders) runs.push(await openRun(folder));
  const measures = runs.map(({ measured }) => measured);
  const fault = (['bits', 'size', 'images', 'held-out images'] as const).find(
    (name) => !measures.every((measured) => isDeepStrictEqual(measured[name], measures[0][name])),
  );
  const varied = new Set(runs.map(({ bound }) => bound)).size > 1;
  const warning = fault
    ? `bits/dim cannot be compared: the runs have different ${fault}`
    : varied
      ? 'the runs have different dequantisation: the best bits/dim and the curves of training are of different bounds; ' +
        'the curves of held-out images are of the uniform bound'
      : undefined;
  return { page: renderComparison(runs, warning), warning };
}

async function openRun(folder: string): Promise<ComparedRun & { measured: ReturnType<typeof measuredBy> }> {
  const { checkpoint } = await readRun(folder);
  const metrics = await readMetrics(folder);
  const speed = metrics.findLast(({ imagesPerSecond }) => imagesPerSecond !== undefined)?.imagesPerSecond;
  return {
    name: folder,
    bound: boundOf(checkpoint),
    metrics,
    facts: { ...factsOf(checkpoint), 'images per second': speed?.toFixed(1) ?? '–' },
    samples: (await readGrids(folder, 'samples')).at(-1),
    measured: measuredBy(checkpoint),
  };
}

/** What bits/dim depend on besides the model. */
function measuredBy(checkpoint: Checkpoint) {
  const { bits, channels, height, width } = checkpoint.config;
  const run = runOf(checkpoint);
  const { valFraction, seed } = run?.settings ?? {}; // these split the images
  return {
    ...{ bits, size: [channels, height, width] },
    images: run?.data.pixels,
    'held-out images': [valFraction, seed],
  };
}

/** The bound that a run trains; undefined for numbers. Runs of earlier versions knew no other than the uniform one. */
function boundOf(checkpoint: Checkpoint): Dequantisation | undefined {
  if (!takesPixels(checkpoint.config)) return undefined;
  return runOf(checkpoint)?.settings.dequantisation === 'variational' ? 'variational' : 'uniform';
}

function factsOf(checkpoint: Checkpoint): Record<string, string> {
  const { version, ...config } = checkpoint.config;
  const bound = boundOf(checkpoint);
  const run = runOf(checkpoint);
  const { best, before, step, epoch, images, seconds, skipped, rolledBack } = run?.counters ?? {};
  return texts({
    [`best bits/dim${ofBound(bound)}`]: best?.toFixed(3),
    [`bits/dim before training${ofBound(bound)}`]: before?.toFixed(3),
    ...{ 'training steps': step, 'epochs done': epoch, images, skipped, 'rolled back': rolledBack },
    minutes: seconds === undefined ? undefined : (seconds / 60).toFixed(1),
    ...Object.fromEntries(Object.entries(config).map(([name, value]) => [`model: ${name}`, value])),
    ...run?.settings,
  });
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value ?? '–')]));
}

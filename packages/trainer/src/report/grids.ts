import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spread } from '../data/split.js';

/** A grid of images at a step of the run, as PNG. */
export interface StepImage {
  readonly step: number;
  readonly png: Uint8Array;
}

/** Grids of each kind that a report shows, including the first and the last. */
const MOST_GRIDS = 6;

/** The name of a grid in the folder of its run. */
export function gridName(kind: string, step: number): string {
  return `pictures/${kind}-${String(step).padStart(7, '0')}.png`;
}

/** Some grids of one kind in a run folder, in the order of their steps, the first and the last among them. */
export async function readGrids(run: string, kind: string): Promise<StepImage[]> {
  const names = await readdir(join(run, 'pictures')).catch(() => []);
  const steps = names.flatMap((name) => {
    const [, step] = new RegExp(`^${kind}-(\\d+)\\.png$`).exec(name) ?? [];
    return step === undefined ? [] : [Number(step)];
  });
  const shown = spread(
    steps.sort((a, b) => a - b),
    MOST_GRIDS,
  );
  return Promise.all(
    shown.map(async (step) => ({ step, png: await readFile(join(run, gridName(kind, step))) })),
  );
}

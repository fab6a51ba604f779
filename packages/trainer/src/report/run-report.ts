import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Float64Tensor, Named } from '@glow-onnx/flow';
import { encodePng } from '@glow-onnx/runtime/node';
import type { EngineState } from '../engine/contract.js';
import { type RunFolder, readMetrics } from '../folder/run-folder.js';
import type { Progress } from '../run/progress.js';
import { type Picture, renderReport, spread } from './page.js';
import { drawPictures, type Pictures } from './pictures.js';
import { type RunDescription, runFacts } from './run-facts.js';

/** What a run is told when an epoch is over. */
export interface Epoch {
  readonly progress: Progress;
  /** Undefined if they could not be drawn, of which `onWarning` tells, or would take more than a twentieth of the time. */
  readonly pictures: Pictures | undefined;
}

/** Keeps a run's pictures and its report up to date. */
export interface Chronicle {
  /** After a validation: `pictures/samples-<step>.png`, `pictures/reconstructions-<step>.png`, `report.html`. */
  epoch(progress: Progress, state: EngineState): Promise<Epoch>;
  /** Between: `report.html` alone. */
  refresh(progress: Progress): Promise<void>;
}

export interface ChronicleOptions extends RunDescription {
  readonly folder: RunFolder;
  readonly fixed: Named<Float64Tensor>;
  /** Pictures and report are no reason to end a run: what goes wrong with them is told here. */
  readonly onWarning?: (message: string) => void;
}

/** Grids of a kind that a report shows, the first and the last among them. */
const MOST_PICTURES = 6;

export function createChronicle(options: ChronicleOptions): Chronicle {
  const { folder, glow, fixed, batches, settings, onWarning } = options;

  let spentMs = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;

  const draw = async (step: number, { trainable, ema }: EngineState): Promise<Pictures | undefined> => {
    for await (const heldOut of batches.validation()) {
      const pictures = await drawPictures(
        glow,
        { trainable: ema ?? trainable, fixed },
        heldOut,
        settings.seed,
      );
      for (const kind of ['samples', 'reconstructions'] as const) {
        await folder.write(pictureName(kind, step), await encodePng(pictures[kind]));
      }
      return pictures;
    }
    return undefined;
  };
  const refresh = async (progress: Progress): Promise<void> => {
    const [samples, reconstructions] = [
      await readPictures(folder.path, 'samples'),
      await readPictures(folder.path, 'reconstructions'),
    ];
    const metrics = await readMetrics(folder.path);
    const facts = {
      ...runFacts(options, progress),
      metrics,
      samples,
      reconstructions: reconstructions.at(-1),
    };
    await folder.write('report.html', renderReport(facts));
  };
  const orWarn = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      onWarning?.(`report: ${(error as Error).message}`);
      return undefined;
    }
  };
  return {
    async epoch(progress, state) {
      const started = performance.now();
      const due = progress.epoch >= progress.epochs || isDue(spentMs, started - drawnAt);
      const pictures = due ? await orWarn(draw(progress.step, state)) : undefined;
      if (due) {
        drawnAt = performance.now();
        spentMs = drawnAt - started;
      }
      await orWarn(refresh(progress));
      return { progress, pictures };
    },
    refresh: async (progress) => orWarn(refresh(progress)),
  };
}

/** Pictures that took some time wait until they are but a twentieth of all: short epochs of a large model go without. */
export function isDue(spentMs: number, passedMs: number): boolean {
  return spentMs < 3000 || passedMs > 20 * spentMs;
}

function pictureName(kind: string, step: number): string {
  return `pictures/${kind}-${String(step).padStart(7, '0')}.png`;
}

/** The pictures of one kind in a run, by their step. */
async function readPictures(run: string, kind: string): Promise<Picture[]> {
  const names = await readdir(join(run, 'pictures')).catch(() => []);
  const steps = names.flatMap((name) => {
    const [, step] = new RegExp(`^${kind}-(\\d+)\\.png$`).exec(name) ?? [];
    return step === undefined ? [] : [Number(step)];
  });
  const shown = spread(
    steps.sort((a, b) => a - b),
    MOST_PICTURES,
  );
  return Promise.all(
    shown.map(async (step) => ({ step, png: await readFile(join(run, pictureName(kind, step))) })),
  );
}

import type { Float64Tensor, Named } from '@glow-onnx/flow';
import { takesPixels } from '@glow-onnx/flow/internal';
import { messageOf } from '@glow-onnx/runtime/internal';
import { encodePng } from '@glow-onnx/runtime/node';
import type { EngineState } from '../engine/contract.js';
import { readMetrics } from '../folder/metrics.js';
import type { RunFolder } from '../folder/run-folder.js';
import { gridName, readGrids } from './grids.js';
import { renderPage } from './page.js';
import { drawPictures, type Pictures, reconstructed } from './pictures.js';
import type { Progress } from './progress.js';
import { type RunDescription, runFacts } from './run-facts.js';

/** The end of an epoch. */
export interface Epoch {
  readonly progress: Progress;
  /**
   * Samples and reconstructions. Undefined if drawing them would take more than a twentieth of the time, was
   * interrupted or has failed, which `onWarning` reports, and for a model of numbers.
   */
  readonly pictures: Pictures | undefined;
}

/** Keeps the images and the report of a run up to date. */
export interface RunReport {
  /** After a validation; `isLast` at the end of the run, which always has images unless `signal` ends it: `pictures/samples-<step>.png`, `pictures/reconstructions-<step>.png`, `report.html`. */
  epoch(progress: Progress, state: EngineState, isLast: boolean): Promise<Epoch>;
  /** Between validations: only `report.html`. */
  refresh(progress: Progress): Promise<void>;
  /** After a step: `report.html` if it is older than ten seconds. */
  keepFresh(progress: Progress): Promise<void>;
}

export interface RunReportOptions extends RunDescription {
  readonly folder: RunFolder;
  readonly fixed: Named<Float64Tensor>;
  /** Called with errors of images and report, which do not end a run. */
  readonly onWarning?: (message: string) => void;
  /** When it is aborted, images are not drawn to their end. */
  readonly signal?: AbortSignal;
}

/** So that someone who watches sees the run go on. A report takes some hundredths of a second. */
const FRESH_MS = 10_000;

export function createRunReport(options: RunReportOptions): RunReport {
  const { folder, onWarning, signal } = options;
  const ofPictures = takesPixels(options.glow.config);
  let spentMs = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let writtenAt = Number.NEGATIVE_INFINITY;

  const orWarn = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      const isInterrupted = signal?.aborted && error === signal.reason;
      if (!isInterrupted) onWarning?.(`report: ${messageOf(error)}`);
      return undefined;
    }
  };
  const refresh = async (progress: Progress): Promise<void> => {
    writtenAt = performance.now(); // also if it fails, so that a full disk is not told of after every step
    const samples = ofPictures ? await readGrids(folder.path, 'samples') : undefined;
    const reconstructions = (await readGrids(folder.path, 'reconstructions')).at(-1);
    const metrics = await readMetrics(folder.path);
    const facts = { ...runFacts(options, progress), metrics, samples, reconstructions };
    await folder.write('report.html', renderPage(facts));
  };
  return {
    async epoch(progress, state, isLast) {
      const started = performance.now();
      const due = ofPictures && (isLast || isDue(spentMs, started - drawnAt));
      const pictures = due ? await orWarn(draw(options, progress.step, state)) : undefined;
      if (due) {
        drawnAt = performance.now();
        spentMs = drawnAt - started;
      }
      await orWarn(refresh(progress));
      return { progress, pictures };
    },
    refresh: async (progress) => orWarn(refresh(progress)),
    async keepFresh(progress) {
      if (performance.now() - writtenAt > FRESH_MS) await orWarn(refresh(progress));
    },
  };
}

/** Draws the images of a step and writes them. */
async function draw(
  { folder, glow, fixed, batches, settings, signal }: RunReportOptions,
  step: number,
  { trainable, ema }: EngineState,
): Promise<Pictures> {
  const params = { trainable: ema ?? trainable, fixed };
  const heldOut = await batches.examples(reconstructed);
  const pictures = await drawPictures(glow, params, heldOut, settings.seed, signal);
  for (const kind of ['samples', 'reconstructions'] as const) {
    await folder.write(gridName(kind, step), await encodePng(pictures[kind]));
  }
  return pictures;
}

/** Slow images wait until they take at most a twentieth of the time: short epochs of a large model have none. */
export function isDue(spentMs: number, passedMs: number): boolean {
  return spentMs < 3000 || passedMs > 20 * spentMs;
}

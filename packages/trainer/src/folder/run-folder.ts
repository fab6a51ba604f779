import { appendFile, mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@glow-onnx/flow';
import { checkpointParts } from '@glow-onnx/flow/internal';
import { explained, writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { metricsName, readMetrics } from './metrics.js';
import {
  type CheckpointName,
  checkpointNames,
  checkpointPath,
  checkpointPaths,
  readRun,
  type StoredRun,
} from './read-run.js';
import { replaceFile } from './replace-file.js';
import { lockRun } from './run-lock.js';

/** A training run on disk. No other process trains in it until it is closed. */
export interface RunFolder {
  readonly path: string;
  /** Replaces `last`, which becomes `previous`. */
  saveLast(checkpoint: Checkpoint): Promise<void>;
  saveBest(checkpoint: Checkpoint): Promise<void>;
  /** The newest checkpoint. */
  readLast(): Promise<Checkpoint>;
  /** Appends one line to `metrics.jsonl`. */
  log(entry: object): Promise<void>;
  /** Writes another file of the run, such as its report, and creates the folders in its name. */
  write(name: string, contents: Uint8Array | string): Promise<void>;
  /** Removes metrics and images of steps after this one, because the run will take these steps again. */
  cutBack(step: number): Promise<void>;
  close(): Promise<void>;
}

const elsewhere = 'pass another --out';
const nothingSaved = 'no checkpoint was saved; pass another --out';
const goOn = 'earlier checkpoints are complete, and --resume continues from them';

/**
 * Opens a folder for a new run.
 * @throws Error if the folder has a run and `force` is not set, if another process trains in it, or if it cannot be
 * written.
 */
export async function createRunFolder(path: string, force: boolean): Promise<RunFolder> {
  if (!force) await refuseRun(path); // first of all, so that nothing is written into the folder of a run
  await explained('written', path, () => mkdir(path, { recursive: true }), elsewhere);
  return locked(path, elsewhere, async (unlock) => {
    if (!force) await refuseRun(path); // another process may have trained in it meanwhile
    for (const file of checkpointPaths(path)) await rm(file, { force: true });
    await rm(join(path, 'report.html'), { force: true });
    await removePictures(path, () => true);
    await removeTemporary(path);
    await writeFile(join(path, metricsName), '');
    return runFolder(path, unlock, false);
  });
}

/**
 * Opens a run to continue it, from its newest complete checkpoint.
 * @throws Error if there is no checkpoint, if another process trains in the folder, or if it cannot be written.
 */
export async function reopenRunFolder(path: string): Promise<StoredRun & { folder: RunFolder }> {
  await readRun(path); // first of all, so that nothing is written into a folder without a run
  return locked(path, goOn, async (unlock) => {
    const run = await readRun(path);
    await removeTemporary(path);
    return { ...run, folder: runFolder(path, unlock, true) };
  });
}

/** The folder of a run in which another process, rank 0, trains and writes. */
export function readOnlyRunFolder(path: string): RunFolder {
  const nothing = async (): Promise<void> => {};
  return {
    path,
    readLast: async () => (await readRun(path)).checkpoint,
    ...{
      saveLast: nothing,
      saveBest: nothing,
      log: nothing,
      write: nothing,
      cutBack: nothing,
      close: nothing,
    },
  };
}

/** Locks the folder and prepares it. After an error the folder is unlocked. */
async function locked<T>(
  path: string,
  advice: string,
  prepare: (unlock: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const write = <R>(work: () => Promise<R>) => explained('written', path, work, advice);
  const unlock = await write(() => lockRun(path));
  try {
    return await write(() => prepare(unlock));
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** @throws Error if the folder has a training run. */
async function refuseRun(path: string): Promise<void> {
  const entries: string[] = await readdir(path).catch(() => []);
  if (!checkpointNames.some((name) => entries.includes(`${name}.safetensors`))) return;
  throw new Error(
    `${path} already has a training run; pass --resume to continue it, or --force to replace it`,
  );
}

function runFolder(path: string, unlock: () => Promise<void>, hasCheckpoint: boolean): RunFolder {
  let advice = hasCheckpoint ? goOn : nothingSaved;
  let isLocked = true;
  const write = (name: string, work: (file: string) => Promise<void>): Promise<void> => {
    const file = join(path, name);
    return explained('written', file, () => work(file), advice);
  };
  const save = async (name: CheckpointName, checkpoint: Checkpoint, keepAs?: CheckpointName) => {
    const before = keepAs && checkpointPath(path, keepAs);
    await write(`${name}.safetensors`, (file) => replaceFile(file, checkpointParts(checkpoint), before));
  };
  return {
    path,
    async saveLast(checkpoint) {
      await save('last', checkpoint, 'previous');
      advice = goOn;
    },
    saveBest: (checkpoint) => save('best', checkpoint),
    readLast: async () => (await readRun(path)).checkpoint,
    log: (entry) => write(metricsName, (file) => appendFile(file, `${JSON.stringify(entry)}\n`)),
    write: (name, contents) => write(name, (file) => writeFileAtomic(file, contents)),
    cutBack: (step) => explained('written', path, () => cutBack(path, step), advice),
    async close() {
      if (isLocked) await unlock();
      isLocked = false;
    },
  };
}

/** A file of the run that was not complete when a crash came. Locks that others are about to take stay. */
const incomplete = /^(best|last|previous|metrics|report)\.(safetensors|jsonl|html)\..*(tmp|new)$/;

/** Removes the remains of writes that a crash has ended, also one on another machine. */
async function removeTemporary(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (incomplete.test(name)) await rm(join(path, name), { force: true });
  }
}

async function cutBack(path: string, step: number): Promise<void> {
  const kept = (await readMetrics(path)).filter((entry) => Number(entry.step ?? 0) <= step);
  const text = kept.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  await writeFileAtomic(join(path, metricsName), text);
  await removePictures(path, (at) => at > step);
}

/** Removes the images of a run at some of its steps. Other files in its folder of images are not its own, and stay. */
async function removePictures(path: string, which: (step: number) => boolean): Promise<void> {
  const pictures = join(path, 'pictures');
  for (const name of await readdir(pictures).catch(() => [])) {
    const [, step] = /^(?:samples|reconstructions)-(\d+)\.png$/.exec(name) ?? [];
    if (step !== undefined && which(Number(step))) await rm(join(pictures, name), { force: true });
  }
  await rmdir(pictures).catch(() => {}); // only if nothing is left in it
}

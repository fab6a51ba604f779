import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@glow-onnx/flow';
import { checkpointParts } from '@glow-onnx/flow/internal';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { metricsName, readMetrics } from './metrics.js';
import { type CheckpointName, checkpointNames, checkpointPath, readRun, type StoredRun } from './read-run.js';
import { explainWrite, replaceFile } from './replace-file.js';
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
  close(): Promise<void>;
}

const elsewhere = 'pass another --out';

/**
 * Opens a folder for a new run.
 * @throws Error if the folder has a run and `force` is not set, if another process trains in it, or if it cannot be
 * written.
 */
export async function createRunFolder(path: string, force: boolean): Promise<RunFolder> {
  const entries: string[] = await readdir(path).catch(() => []);
  if (checkpointNames.some((name) => entries.includes(`${name}.safetensors`)) && !force) {
    throw new Error(
      `${path} already has a training run; pass --resume to continue it, or --force to replace it`,
    );
  }
  await mkdir(path, { recursive: true }).catch(explainWrite(path, elsewhere));
  const unlock = await lockRun(path).catch(explainWrite(path, elsewhere));
  for (const name of checkpointNames) await rm(checkpointPath(path, name), { force: true });
  await rm(join(path, 'report.html'), { force: true });
  await removePictures(path, () => true);
  await removeTemporary(path);
  await writeFile(join(path, metricsName), '').catch(explainWrite(path));
  return runFolder(path, unlock);
}

/**
 * Opens a run to continue it: reads its newest complete checkpoint, and removes metrics and images of later steps.
 * @throws Error if there is no checkpoint, if another process trains in the folder, or if it cannot be written.
 */
export async function reopenRunFolder(path: string): Promise<StoredRun & { folder: RunFolder }> {
  await readRun(path); // first of all, so that nothing is written into a folder without a run
  const unlock = await lockRun(path).catch(explainWrite(path));
  try {
    const run = await readRun(path);
    await removeTemporary(path);
    await cutBack(path, Number(run.checkpoint.progress?.step ?? 0)).catch(explainWrite(path));
    return { ...run, folder: runFolder(path, unlock) };
  } catch (error) {
    await unlock();
    throw error;
  }
}

function runFolder(path: string, unlock: () => Promise<void>): RunFolder {
  const save = async (
    name: CheckpointName,
    checkpoint: Checkpoint,
    keepAs?: CheckpointName,
  ): Promise<void> => {
    const file = checkpointPath(path, name);
    const before = keepAs && checkpointPath(path, keepAs);
    await replaceFile(file, checkpointParts(checkpoint), before).catch(explainWrite(file));
  };
  let locked = true;
  return {
    path,
    saveLast: (checkpoint) => save('last', checkpoint, 'previous'),
    saveBest: (checkpoint) => save('best', checkpoint),
    readLast: async () => (await readRun(path)).checkpoint,
    log: (entry) => {
      const file = join(path, metricsName);
      return appendFile(file, `${JSON.stringify(entry)}\n`).catch(explainWrite(file));
    },
    write: (name, contents) =>
      writeFileAtomic(join(path, name), contents).catch(explainWrite(join(path, name))),
    async close() {
      if (locked) await unlock();
      locked = false;
    },
  };
}

/** Removes the remains of writes that a crash has ended. */
async function removeTemporary(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (/\.(tmp|new)$/.test(name)) await rm(join(path, name), { force: true });
  }
}

/** Removes metrics and images of steps after this one, because the run will take these steps again. */
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
}

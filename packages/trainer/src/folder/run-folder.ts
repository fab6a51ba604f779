import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, parseCheckpoint } from '@glow-onnx/flow';
import { checkpointParts } from '@glow-onnx/flow/internal';
import { readWholeFile, writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { explainWrite, replaceFile } from './replace-file.js';
import { lockRun } from './run-lock.js';

const elsewhere = 'pass another --out';
const checkpointNames = ['best', 'last', 'previous'] as const;
type CheckpointName = (typeof checkpointNames)[number];

/** A training run on disk, in which nobody else trains until it is closed. */
export interface RunFolder {
  readonly path: string;
  /** Replaces `last`, which becomes `previous`. */
  saveLast(checkpoint: Checkpoint): Promise<void>;
  saveBest(checkpoint: Checkpoint): Promise<void>;
  readLast(): Promise<Checkpoint>;
  /** One line of `metrics.jsonl`. */
  log(entry: object): Promise<void>;
  /** Another file of the run, such as its report; makes the folders that its name has. */
  write(name: string, contents: Uint8Array | string): Promise<void>;
  close(): Promise<void>;
}

/** A run as its folder has it. */
export interface StoredRun {
  readonly checkpoint: Checkpoint;
  /** What is wrong with `last`, if `previous` had to take its place. */
  readonly warning?: string;
}

/**
 * Opens a folder for a new run.
 * @throws Error if it already holds one and `force` is not set, if somebody trains in it, or it cannot be written.
 */
export async function createRunFolder(path: string, force: boolean): Promise<RunFolder> {
  const entries: string[] = await readdir(path).catch(() => []);
  if (checkpointNames.some((name) => entries.includes(`${name}.safetensors`)) && !force) {
    throw new Error(
      `${path} already holds a training run; pass --resume to go on with it or --force to replace it`,
    );
  }
  await mkdir(path, { recursive: true }).catch(explainWrite(path, elsewhere));
  const unlock = await lockRun(path).catch(explainWrite(path, elsewhere));
  for (const name of checkpointNames) await rm(checkpointPath(path, name), { force: true });
  for (const name of ['pictures', 'report.html'])
    await rm(join(path, name), { recursive: true, force: true });
  await removeTemporary(path);
  await writeFile(join(path, 'metrics.jsonl'), '').catch(explainWrite(path));
  return runFolder(path, unlock);
}

/**
 * Opens a run to go on with: the newest checkpoint that is whole, and metrics and pictures cut back to its step.
 * @throws Error if there is none, if somebody trains in it, or it cannot be written.
 */
export async function reopenRunFolder(path: string): Promise<StoredRun & { folder: RunFolder }> {
  await readRun(path); // before anything is written where there may be no run
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

/**
 * Reads the newest checkpoint of a run: `last`, or `previous` where a crash has left no whole `last`.
 * @throws Error if there is none, naming the file that is damaged.
 */
export async function readRun(path: string): Promise<StoredRun> {
  const failures: Error[] = [];
  for (const name of ['last', 'previous'] as const) {
    try {
      const checkpoint = await readCheckpoint(path, name);
      const [failure] = failures;
      return {
        checkpoint,
        ...(failure && { warning: `${failure.message}; going on from ${name}.safetensors` }),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failures.push(error as Error);
    }
  }
  const [failure] = failures;
  if (failure)
    throw new Error(`${failure.message}; pass another --out, or its best.safetensors to --init`, {
      cause: failure,
    });
  throw new Error(`${path} holds no checkpoint to resume (looked for last and previous .safetensors)`);
}

async function readCheckpoint(path: string, name: CheckpointName): Promise<Checkpoint> {
  const file = checkpointPath(path, name);
  const bytes = await readWholeFile(file);
  try {
    return parseCheckpoint(bytes);
  } catch (cause) {
    throw new Error(`${file} cannot be used: ${(cause as Error).message}`, { cause });
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
      const file = join(path, 'metrics.jsonl');
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

function checkpointPath(path: string, name: CheckpointName): string {
  return join(path, `${name}.safetensors`);
}

/** What a crash may have left of writes that did not end. */
async function removeTemporary(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (/\.(tmp|new)$/.test(name)) await rm(join(path, name), { force: true });
  }
}

/** Forgets metrics and pictures of steps that will be taken again. */
async function cutBack(path: string, step: number): Promise<void> {
  const kept = (await readMetrics(path)).filter((entry) => Number(entry.step ?? 0) <= step);
  const text = kept.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  await writeFileAtomic(join(path, 'metrics.jsonl'), text);
  const pictures = join(path, 'pictures');
  for (const name of await readdir(pictures).catch(() => [])) {
    if (Number(/\d+/.exec(name)?.[0] ?? 0) > step) await rm(join(pictures, name), { force: true });
  }
}

/** A line of `metrics.jsonl`, of training or of a validation. */
export interface Metrics {
  readonly step: number;
  readonly epoch?: number;
  readonly images?: number;
  readonly bitsPerDim?: number;
  /** What each level adds to it, the finest first. */
  readonly bitsPerDimLevels?: readonly number[];
  readonly validationBitsPerDim?: number;
  readonly gradientNorm?: number;
  readonly rate?: number;
  readonly imagesPerSecond?: number;
  readonly waiting?: number;
  readonly skipped?: number;
  readonly rolledBack?: number;
}

/** The lines of `metrics.jsonl` that are whole: a crash may cut the last one short. */
export async function readMetrics(path: string): Promise<Metrics[]> {
  const text = await readFile(join(path, 'metrics.jsonl'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Metrics];
    } catch {
      return [];
    }
  });
}

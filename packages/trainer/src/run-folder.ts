import { appendFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, encodeCheckpoint, parseCheckpoint } from '@glow-onnx/flow';

const checkpointNames = ['best', 'last', 'previous'];

/** A training run on disk: `best`, `last` and `previous` `.safetensors`, and `metrics.jsonl`. */
export interface RunFolder {
  readonly path: string;
  /** Replaces `last`, which becomes `previous`. */
  saveLast(checkpoint: Checkpoint): Promise<void>;
  saveBest(checkpoint: Checkpoint): Promise<void>;
  readLast(): Promise<Checkpoint>;
  /** One line of `metrics.jsonl`. */
  log(entry: object): Promise<void>;
}

/**
 * Opens a folder for a new run.
 * @throws Error if it already holds one and `force` is not set.
 */
export async function createRunFolder(path: string, force: boolean): Promise<RunFolder> {
  const entries = await readdir(path).catch(() => []);
  if (entries.some((name) => checkpointNames.some((known) => name === `${known}.safetensors`)) && !force) {
    throw new Error(
      `${path} already holds a training run; pass --resume to go on with it or --force to replace it`,
    );
  }
  await mkdir(path, { recursive: true });
  for (const name of checkpointNames) await rm(checkpointPath(path, name), { force: true });
  await writeFile(join(path, 'metrics.jsonl'), '');
  return runFolder(path);
}

/**
 * Opens a run to go on with: the newest checkpoint that is whole, and metrics cut back to its step.
 * @throws Error if there is none.
 */
export async function reopenRunFolder(path: string): Promise<{ folder: RunFolder; checkpoint: Checkpoint }> {
  const checkpoint = await readLatest(path);
  if (checkpoint === undefined) {
    throw new Error(`${path} holds no checkpoint to resume (looked for last and previous .safetensors)`);
  }
  const step = Number(checkpoint.progress?.step ?? 0);
  const metrics = join(path, 'metrics.jsonl');
  const text = await readFile(metrics, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => stepOf(line) <= step);
  await replaceFile(metrics, Buffer.from(kept.map((line) => `${line}\n`).join('')));
  return { folder: runFolder(path), checkpoint };
}

function runFolder(path: string): RunFolder {
  return {
    path,
    async saveLast(checkpoint) {
      const last = checkpointPath(path, 'last');
      await replaceFile(last, encodeCheckpoint(checkpoint), checkpointPath(path, 'previous'));
    },
    saveBest: (checkpoint) => replaceFile(checkpointPath(path, 'best'), encodeCheckpoint(checkpoint)),
    readLast: async () => parseCheckpoint(await readFile(checkpointPath(path, 'last'))),
    log: (entry) => appendFile(join(path, 'metrics.jsonl'), `${JSON.stringify(entry)}\n`),
  };
}

/** `last`, or `previous` where a crash or a full disk has left no whole `last`; undefined where neither exists. */
async function readLatest(path: string): Promise<Checkpoint | undefined> {
  const failures: unknown[] = [];
  for (const name of ['last', 'previous']) {
    try {
      return parseCheckpoint(await readFile(checkpointPath(path, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failures.push(error);
    }
  }
  if (failures.length === 0) return undefined;
  throw new Error(`${path}: its checkpoint cannot be read: ${(failures[0] as Error).message}`, {
    cause: failures[0],
  });
}

function checkpointPath(path: string, name: string): string {
  return join(path, `${name}.safetensors`);
}

function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: unknown }).step ?? 0);
  } catch {
    return Number.POSITIVE_INFINITY; // a line cut short by a crash
  }
}

/**
 * Writes a file whole or not at all: to a temporary name, flushed to disk, then renamed. What was there before
 * moves to `keepAs` if that is given.
 */
export async function replaceFile(path: string, bytes: Uint8Array, keepAs?: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (keepAs !== undefined) {
      await rename(path, keepAs).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, parseCheckpoint } from '@glow-onnx/flow';
import { messageOf } from '@glow-onnx/runtime/internal';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';
import { metricsName } from './metrics.js';

export const checkpointNames = ['best', 'last', 'previous'] as const;
export type CheckpointName = (typeof checkpointNames)[number];

export function checkpointPath(run: string, name: CheckpointName): string {
  return join(run, `${name}.safetensors`);
}

/** All checkpoints that a run may have. */
export function checkpointPaths(run: string): string[] {
  return checkpointNames.map((name) => checkpointPath(run, name));
}

/** What a run has written for people: a run that ended early has no pictures, and numbers never have any. */
export function writtenBy(run: string): string[] {
  const names = ['best.safetensors', 'last.safetensors', metricsName, 'pictures', 'report.html'];
  return names.filter((name) => existsSync(join(run, name)));
}

/** The newest state of a run on disk. */
export interface StoredRun {
  readonly checkpoint: Checkpoint;
  /** Why `last` cannot be used, if this is `previous`. */
  readonly warning?: string;
}

/**
 * Reads the newest checkpoint of a run: `last`, or `previous` if a crash has damaged `last`.
 * @throws Error if there is no checkpoint, or all are damaged, naming the file.
 */
export async function readRun(path: string): Promise<StoredRun> {
  const failures: Error[] = [];
  for (const name of ['last', 'previous'] as const) {
    try {
      const checkpoint = await readCheckpoint(path, name);
      const [failure] = failures;
      return {
        checkpoint,
        ...(failure && { warning: `${failure.message}; continuing from ${name}.safetensors` }),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failures.push(error as Error);
    }
  }
  const [cause] = failures;
  if (cause) {
    throw new Error(`${cause.message}; pass another --out, or its best.safetensors to --init`, { cause });
  }
  throw new Error(
    `${path} has no checkpoint to resume: expected last.safetensors or previous.safetensors; pass another --out`,
  );
}

async function readCheckpoint(path: string, name: CheckpointName): Promise<Checkpoint> {
  const file = checkpointPath(path, name);
  const bytes = await readWholeFile(file);
  try {
    return parseCheckpoint(bytes);
  } catch (cause) {
    throw new Error(`${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

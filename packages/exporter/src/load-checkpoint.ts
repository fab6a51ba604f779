import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, parseCheckpoint } from '@glow-onnx/flow';
import type { JsonObject } from '@glow-onnx/flow/internal';
import { type OpenFolder, openFolder, readWholeFile } from '@glow-onnx/runtime/internal-node';
import { parseGolden } from '@glow-onnx/runtime/session';
import { carriesCheckpoint, checkpointName, parseCarried } from './carried-checkpoint.js';
import { rebuildParams } from './rebuild/rebuild-params.js';
import { openWeights } from './rebuild/stored-weights.js';
import { checkGolden } from './verify/check-golden.js';
import { within } from './within.js';

/** A checkpoint, and how it was found. */
export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** `file`: a checkpoint of its own. `folder`: the one that a model folder carries. `graphs`: rebuilt from its graphs. */
  readonly origin: 'file' | 'folder' | 'graphs';
}

/** Choices for `loadCheckpoint`. */
export interface LoadCheckpointOptions {
  /** Aborts reading a model folder. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the checkpoint of a model: to train it further, or to export it again.
 * @param source a checkpoint file, or a model folder as its path or address. Of a folder it is the checkpoint that it
 * carries (`--with-checkpoint`). If it carries none, the parameters are rebuilt from the graphs of fp32: the same flow to
 * float32. In both cases it must give the golden values of the folder.
 * @throws Error if the source cannot be read, is a folder that is no model, or has a file that differs from its manifest.
 * @throws SyntaxError or RangeError if a file is damaged, of a newer release, or not of this model.
 * @example
 * import { train } from '@glow-onnx/trainer';
 *
 * const { checkpoint } = await loadCheckpoint('models/faces');
 * await train({ start: { init: checkpoint }, data, out: 'runs/tuned' });
 */
export async function loadCheckpoint(
  source: string,
  { signal }: LoadCheckpointOptions = {},
): Promise<LoadedCheckpoint> {
  const found = await stat(source).catch(() => undefined);
  // A path such as C:\models begins with a letter and a colon, like an address.
  if (found?.isDirectory() || (!found && /^[a-z][a-z0-9+.-]+:/i.test(source))) {
    if (found) await checkIsModel(source);
    return ofFolder(await openFolder(source, signal));
  }
  const bytes = await readWholeFile(source);
  return { checkpoint: within(source, () => parseCheckpoint(bytes)), origin: 'file' };
}

async function ofFolder(folder: OpenFolder): Promise<LoadedCheckpoint> {
  const { name, manifest } = folder;
  const carries = carriesCheckpoint(manifest);
  const checkpoint = carries ? await carried(folder) : await rebuilt(folder);
  const golden = await folder.read('golden.safetensors');
  const subject = carries ? `${name}: ${checkpointName}` : `${name}: the checkpoint rebuilt from its graphs`;
  within(subject, () => checkGolden(checkpoint, parseGolden(golden), manifest.toleranceFactor));
  return { checkpoint, origin: carries ? 'folder' : 'graphs' };
}

async function carried({ name, manifest, read }: OpenFolder): Promise<Checkpoint> {
  const bytes = await read(checkpointName);
  return within(`${name}: ${checkpointName}`, () => parseCarried(bytes, manifest));
}

async function rebuilt({ name, manifest, encodeGraph }: OpenFolder): Promise<Checkpoint> {
  const { config, training } = manifest;
  const weights = openWeights(await encodeGraph());
  const params = within(name, () => rebuildParams(config, weights));
  return { config, params, initialised: true, ...(training && { training: training as JsonObject }) };
}

/** @throws Error that says what to pass if a folder is not a model. */
async function checkIsModel(folder: string): Promise<void> {
  const has = (name: string) =>
    stat(join(folder, name)).then(
      () => true,
      () => false,
    );
  if (await has('manifest.json')) return;
  const best = join(folder, 'best.safetensors');
  throw new Error(
    (await has('best.safetensors'))
      ? `${folder} is the folder of a training run; pass a checkpoint in it: ${best}`
      : `${folder} is a folder without manifest.json; pass a model folder, as glow-onnx export writes it, or a checkpoint`,
  );
}

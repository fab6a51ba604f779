import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type Checkpoint, parseCheckpoint } from '@glow-onnx/flow';
import type { JsonObject } from '@glow-onnx/flow/internal';
import { hubAdvice, type OpenFolder, openFolder, readWholeFile } from '@glow-onnx/runtime/internal-node';
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
  /** The source, or the file in the folder of a run that was taken. */
  readonly path: string;
}

/** Choices for `loadCheckpoint`. */
export interface LoadCheckpointOptions {
  /** Aborts reading a model folder. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the checkpoint of a model: to train it further, or to export it again.
 * @param source a checkpoint file; the folder of a run, for its best.safetensors; or a model folder as its path or address. Of a folder it is the checkpoint that it
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
  // A path such as C:\models begins with a letter and a colon, like an address. owner/name may be one of the hub.
  const isAddress = /^[a-z][a-z0-9+.-]+:/i.test(source);
  const mayBeOfHub = hubAdvice(source) !== undefined && extname(source) === '';
  if (!found && (isAddress || mayBeOfHub)) return ofFolder(source, await openFolder(source, signal));
  if (!found?.isDirectory()) return ofFile(source);
  if (await has(source, 'manifest.json')) return ofFolder(source, await openFolder(source, signal));
  return ofFile(await bestOf(source));
}

async function ofFile(path: string): Promise<LoadedCheckpoint> {
  const bytes = await readWholeFile(path);
  return { checkpoint: within(path, () => parseCheckpoint(bytes)), origin: 'file', path };
}

async function ofFolder(path: string, folder: OpenFolder): Promise<LoadedCheckpoint> {
  const { name, manifest } = folder;
  const carries = carriesCheckpoint(manifest);
  const checkpoint = carries ? await carried(folder) : await rebuilt(folder);
  const golden = await folder.read('golden.safetensors');
  const subject = carries ? `${name}: ${checkpointName}` : `${name}: the checkpoint rebuilt from its graphs`;
  within(subject, () => checkGolden(checkpoint, parseGolden(golden), manifest.toleranceFactor));
  return { checkpoint, origin: carries ? 'folder' : 'graphs', path };
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

/** The checkpoint of a run with the best validation. @throws Error if the folder has none. */
async function bestOf(folder: string): Promise<string> {
  if (await has(folder, 'best.safetensors')) return join(folder, 'best.safetensors');
  if (await has(folder, 'last.safetensors')) {
    throw new Error(
      `${folder}: this run has no best.safetensors; ` +
        `pass ${join(folder, 'last.safetensors')} to take it as it is`,
    );
  }
  throw new Error(
    `${folder} is a folder without manifest.json or best.safetensors; ` +
      'pass a model folder, a checkpoint, or the folder of a run',
  );
}

function has(folder: string, name: string): Promise<boolean> {
  return stat(join(folder, name)).then(
    (found) => found.isFile(),
    () => false,
  );
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '@glow-onnx/flow';
import {
  aFunction,
  checkOptions,
  describe,
  difference,
  listOf,
  maxManifestBytes,
  oneOf,
  type Precision,
  parseConfig,
  parseJson,
  precisions,
  type Rules,
} from '@glow-onnx/flow/internal';
import { checkExportFacts, devices, graphKinds, messageOf } from '@glow-onnx/runtime/internal';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';
import {
  type Device,
  DeviceError,
  type Golden,
  holds,
  type Measurement,
  parseGolden,
} from '@glow-onnx/runtime/session';
import { carriesCheckpoint, checkpointName, parseCarried } from '../carried-checkpoint.js';
import { within } from '../within.js';
import { checkGolden } from './check-golden.js';
import { diagnoseSteps, type ModelDiagnosis } from './diagnose-steps.js';
import { measureErrors } from './measure-errors.js';
import { readGraph } from './read-graph.js';

/** Choices for `verifyFolder`. */
export interface VerifyOptions {
  /** The device that runs the graphs. Default: cpu. */
  readonly device?: Device;
  /** Precisions to check. Default: all precisions of the folder. */
  readonly precision?: readonly Precision[];
  /** Called with a line before each step: on an emulated GPU a graph takes from seconds to minutes. */
  readonly progress?: (step: string) => void;
}

const rules: Rules<VerifyOptions> = {
  device: oneOf(devices),
  precision: listOf(precisions),
  progress: aFunction,
};

/** The result of `verifyFolder`. */
export interface VerifyReport {
  readonly folder: string;
  /** Whether no file is damaged and every error is within its tolerance. */
  readonly ok: boolean;
  /** One line for each file that is missing, differs from the manifest, or contradicts it. */
  readonly damaged: readonly string[];
  /** Errors against float64; empty if a file is damaged. */
  readonly measured: readonly (Measurement & { readonly ok: boolean })[];
  /** Of fp32, or of the first requested precision; null if a file is damaged or `undiagnosed` says why. */
  readonly diagnosis: ModelDiagnosis | null;
  /** Why the steps cannot be diagnosed: graphs that another tool has changed may lack the names of steps. */
  readonly undiagnosed?: string;
}

/**
 * Checks the claims of a model folder: its manifest, the hash of every file, the config in every graph and in
 * config.json, that a carried checkpoint is the same model, and the errors of every graph against its golden values.
 * The graphs do not run if a file is damaged.
 * @throws RangeError if the folder lacks a requested precision, or its manifest is damaged. @throws Error if the folder has no manifest.json, the
 * device is not available, or a graph cannot run.
 * @example
 * const { ok, damaged, measured } = await verifyFolder('my-model', { device: 'cpu' });
 */
export async function verifyFolder(folder: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  checkOptions('verifyFolder', options, rules);
  if (typeof folder !== 'string' || folder === '') {
    throw new TypeError(`verifyFolder: expected the path of a model folder, got ${describe(folder)}`);
  }
  try {
    return await verify(folder, options);
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause; // it is about the machine
    const message = messageOf(cause).replace(/^verify: /, '');
    const Fault = [RangeError, SyntaxError].find((known) => cause instanceof known) ?? Error;
    throw new Fault(`verify: ${message.startsWith(folder) ? '' : `${folder}: `}${message}`, { cause });
  }
}

async function verify(folder: string, options: VerifyOptions): Promise<VerifyReport> {
  const { device = 'cpu', progress } = options;
  const manifest = await readManifest(folder);
  const available = precisions.filter((name) => name in manifest.variants);
  const requested = options.precision ?? available;
  const absent = requested.find((name) => !available.includes(name));
  if (absent) throw new RangeError(`verify: ${folder} has no "${absent}" (it has: ${available.join(', ')})`);
  progress?.(`hashes of ${manifest.files.length} files`);
  const checks = await Promise.all(manifest.files.map((file) => damageOf(folder, file)));
  const damaged = [...checks.filter((problem) => problem !== undefined), ...unlisted(manifest)];
  if (damaged.length === 0) damaged.push(...(await contradictions(folder, manifest, available)));
  if (damaged.length > 0) return { folder, ok: false, damaged, measured: [], diagnosis: null };

  const model = { folder, manifest, golden: await readGolden(folder) };
  const measured: Measurement[] = [];
  for (const precision of requested) {
    measured.push(...(await measureErrors(model, precision, device, progress)));
  }
  progress?.('every step on cpu');
  const steps = await diagnoseSteps(model, requested[0]).then(
    (diagnosis) => ({ diagnosis }),
    (error: Error) => ({ diagnosis: null, undiagnosed: error.message }),
  );
  return {
    folder,
    ok: measured.every(holds),
    damaged,
    measured: measured.map((claim) => ({ ...claim, ok: holds(claim) })),
    ...steps,
  };
}

async function readGolden(folder: string): Promise<Golden> {
  const path = join(folder, 'golden.safetensors');
  try {
    return parseGolden(await readFile(path));
  } catch (cause) {
    throw new Error(`verify: ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, 'manifest.json');
  const found = await stat(path).catch(() => undefined);
  if (!found)
    throw new Error(
      `verify: ${folder} has no manifest.json; pass a model folder, as glow-onnx export writes it`,
    );
  if (!found.isFile()) throw new Error(`verify: ${path} is not a file; copy the model folder again`);
  return parseManifest(await readWholeFile(path, maxManifestBytes));
}

/** Graphs, a config.json and a checkpoint that are not of this model, in one line each. */
async function contradictions(
  folder: string,
  manifest: Manifest,
  chosen: readonly Precision[],
): Promise<string[]> {
  const graphs = chosen.flatMap((precision) =>
    graphKinds.map(async (kind) => {
      const { path, metadata } = await readGraph({ folder, manifest }, precision, kind);
      checkExportFacts(metadata, manifest, precision, path);
    }),
  );
  const files = [checkConfigFile(folder, manifest), checkCarried(folder, manifest)];
  const checks = await Promise.allSettled([...graphs, ...files]);
  return checks.flatMap((check) => (check.status === 'rejected' ? [messageOf(check.reason)] : []));
}

async function checkConfigFile(folder: string, { files, config }: Manifest): Promise<void> {
  const where = 'config.json';
  if (!files.some(({ path }) => path === where)) return;
  const bytes = await readWholeFile(join(folder, where));
  const stated = parseJson(bytes, { where, maxLength: 2 ** 16, maxValues: 2 ** 10 });
  const found = difference(parseConfig(stated), config, 'config');
  if (!found) return;
  throw new RangeError(`${where} has ${found.path} ${found.got}, manifest.json says ${found.expected}`);
}

async function checkCarried(folder: string, manifest: Manifest): Promise<void> {
  if (!carriesCheckpoint(manifest)) return;
  const bytes = await readWholeFile(join(folder, checkpointName));
  const golden = await readGolden(folder);
  within(checkpointName, () => checkGolden(parseCarried(bytes, manifest), golden, manifest.toleranceFactor));
}

/** Files that the graphs or their check need and whose hash the manifest does not state. */
function unlisted({ files, variants }: Manifest): string[] {
  const listed = new Set(files.map(({ path }) => path));
  const needed = Object.values(variants).flatMap(({ encode, decode, weights }) => [encode, decode, weights]);
  return [...new Set(['golden.safetensors', ...needed])]
    .filter((path) => path !== null && !listed.has(path))
    .map((path) => `${path} is not listed in manifest.json`);
}

/** The fault of a file in one line. The file is read in pieces: weights may be larger than a buffer can be. */
async function damageOf(
  folder: string,
  { path, bytes, sha256 }: Manifest['files'][number],
): Promise<string | undefined> {
  const found = await stat(join(folder, path)).catch(() => undefined);
  if (!found) return `${path} is missing`;
  if (!found.isFile()) return `${path} is not a file`;
  if (found.size !== bytes) return `${path} has ${found.size} bytes, manifest.json says ${bytes}`;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk as Uint8Array);
  const digest = hash.digest('hex');
  return digest === sha256 ? undefined : `${path} has sha256 ${digest}, manifest.json says ${sha256}`;
}

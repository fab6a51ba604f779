import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '@glow-onnx/flow';
import { type Precision, precisions } from '@glow-onnx/flow/internal';
import {
  type Device,
  type Golden,
  goldenPrefix,
  holds,
  type Measurement,
  parseGolden,
} from '@glow-onnx/runtime/session';
import { type Diagnosis, diagnose } from './diagnose.js';
import { verifyGraphs } from './verify.js';

/** A folder's graphs and golden values, in memory or on disk. */
export interface Verifying {
  readonly folder: string;
  readonly manifest: Pick<Manifest, 'config' | 'variants' | 'toleranceFactor'>;
  readonly golden: Golden;
}

export interface VerifyOptions {
  /** Default cpu. */
  readonly device?: Device;
  /** Default all that the folder has. */
  readonly precision?: readonly Precision[];
  /** Told what is done next: on an emulated GPU a graph takes from seconds to minutes. */
  readonly progress?: (step: string) => void;
}

/** What holds of a model folder, and what does not. */
export interface VerifyReport {
  readonly folder: string;
  readonly ok: boolean;
  /** One line for each file that is missing or not what the manifest says. */
  readonly damaged: readonly string[];
  readonly measured: readonly (Measurement & { readonly ok: boolean })[];
  /** Of fp32, or the first precision asked for; null if files are damaged. */
  readonly diagnosis: Diagnosis | null;
  /** Why there is none: graphs that another tool has changed may hold their claims and lack the names of steps. */
  readonly undiagnosed?: string;
}

/**
 * Recomputes what a model folder claims: every file's hash, and every graph's errors against its golden values.
 * Graphs do not run if a file is damaged.
 * @throws Error if there is no manifest, a precision or the device is not there, or a graph cannot run.
 */
export async function verifyFolder(folder: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { device = 'cpu', progress } = options;
  const manifest = parseManifest(await readManifest(folder));
  const there = precisions.filter((name) => name in manifest.variants);
  const asked = options.precision ?? there;
  const absent = asked.find((name) => !there.includes(name));
  if (absent) throw new RangeError(`verify: ${folder} has no "${absent}" (it has: ${there.join(', ')})`);
  progress?.(`hashes of ${manifest.files.length} files`);
  const checks = await Promise.all(manifest.files.map((file) => damageOf(folder, file)));
  const damaged = [...checks.filter((problem) => problem !== undefined), ...unlisted(manifest)];
  if (damaged.length > 0) return { folder, ok: false, damaged, measured: [], diagnosis: null };

  const golden = await goldenOf(folder);
  const verifying = { folder, manifest, golden };
  const measured: Measurement[] = [];
  for (const precision of asked) measured.push(...(await measureOn(verifying, precision, device, progress)));
  progress?.('every step on cpu');
  const steps = await diagnoseFolder(verifying, asked[0]).then(
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

export function measure(
  { folder, manifest, golden }: Verifying,
  precision: Precision,
  device: Device,
  progress?: VerifyOptions['progress'],
): Promise<Measurement[]> {
  const { levels } = manifest.config;
  const slack = manifest.toleranceFactor ?? 1;
  const variant = manifest.variants[precision];
  return verifyGraphs({ folder, variant, precision, device, levels, golden, slack, progress });
}

async function measureOn(...given: Parameters<typeof measure>): Promise<Measurement[]> {
  const [, precision, device] = given;
  try {
    return await measure(...given);
  } catch (cause) {
    if (device !== 'webgpu' || precision !== 'fp16') throw cause;
    throw new Error(
      `${(cause as Error).message} Half precision on WebGPU also needs an adapter with shader-f16.`,
      { cause },
    );
  }
}

/** Every step of a variant on the golden images. */
export function diagnoseFolder(
  { folder, manifest, golden }: Verifying,
  precision: Precision = 'fp32',
): Promise<Diagnosis> {
  const { config, variants } = manifest;
  const labelled = golden.label ? { label: golden.label } : {};
  const names = Array.from({ length: config.levels }, (_, l) => `z${l}`);
  const latents = names.map((name) => [name, golden[goldenPrefix(precision) + name]]);
  return diagnose(folder, variants[precision], config, {
    encode: { x: golden.x, ...labelled },
    decode: { ...Object.fromEntries(latents), ...labelled },
  });
}

async function goldenOf(folder: string): Promise<Golden> {
  const path = join(folder, 'golden.safetensors');
  try {
    return parseGolden(await readFile(path));
  } catch (cause) {
    throw new Error(`verify: ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readManifest(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, 'manifest.json'), 'utf8');
  } catch (cause) {
    throw new Error(`verify: ${folder} has no manifest.json; pass a model folder, as glow-export writes it`, {
      cause,
    });
  }
}

/** Files that the graphs or their check need, and whose hash the manifest does not tell. */
function unlisted({ files, variants }: Manifest): string[] {
  const listed = new Set(files.map(({ path }) => path));
  const needed = Object.values(variants).flatMap(({ encode, decode, weights }) => [encode, decode, weights]);
  return [...new Set(['golden.safetensors', ...needed])]
    .filter((path) => path !== null && !listed.has(path))
    .map((path) => `${path} is not listed in manifest.json`);
}

/** What is wrong with a file, in a line. Read in pieces: weights may be larger than a buffer can be. */
async function damageOf(
  folder: string,
  { path, bytes, sha256 }: Manifest['files'][number],
): Promise<string | undefined> {
  const found = await stat(join(folder, path)).catch(() => undefined);
  if (!found) return `${path} is missing`;
  if (found.size !== bytes) return `${path} has ${found.size} bytes, manifest.json says ${bytes}`;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk as Uint8Array);
  const digest = hash.digest('hex');
  return digest === sha256 ? undefined : `${path} has sha256 ${digest}, manifest.json says ${sha256}`;
}

import { type Preprocessing, preprocessingOf } from './files/preprocessing.js';
import { describeIssue, type GlowConfig, parseConfig } from './model/config.js';
import { latentChannels } from './model/latent-shapes.js';
import { checksumOf } from './reading/checksum.js';
import { difference } from './reading/difference.js';
import { checkVersion } from './reading/format-version.js';
import { parseJsonObject } from './reading/parse-json.js';
import * as z from './reading/schema.js';
import { sha256Pattern } from './reading/sha256-pattern.js';

export { type Precision, precisions } from './files/precision.js';
export { type Tolerances, tolerances } from './files/tolerances.js';
export { latentChannels, latentShapes } from './model/latent-shapes.js';
export { checksumOf } from './reading/checksum.js';
export { crc32 } from './reading/crc32.js';
export { describe } from './reading/describe.js';
export { type Difference, difference } from './reading/difference.js';
export { checkVersion } from './reading/format-version.js';
export {
  aBoolean,
  aFunction,
  anAbortSignal,
  anything,
  aText,
  checkNames,
  checkOptions,
  checkValue,
  integerFrom,
  listOf,
  looksLikeOptions,
  oneOf,
  type Rule,
  type Rules,
} from './reading/options.js';
export { type JsonLimits, parseJson, parseJsonObject } from './reading/parse-json.js';
export { printable, unprintable } from './reading/printable.js';
export { sha256Pattern } from './reading/sha256-pattern.js';
export { type GlowConfig, type Preprocessing, parseConfig };

const newestVersion = 2;
/** The longest manifest in bytes: room for 65,536 names of classes. Manifests without classes have 4 kB. */
export const maxManifestBytes = 2 ** 22;
const where = 'manifest.json';
const limits = { where, maxLength: maxManifestBytes, maxValues: 2 ** 17 };

/** The most entries of `files` and of `measured`. Every wrong entry becomes an error of the schema. */
const maxEntries = 1000;

const relativePath = z.string().check(z.regex(/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._/-]{1,200}$/));
const natural = z.int().check(z.minimum(0));

/** A pair of graphs and the weights file that both read; null if each graph holds its own weights. */
const variantSchema = z.strictObject({
  encode: relativePath,
  decode: relativePath,
  weights: z.nullable(relativePath),
});

const manifestSchema = z.strictObject({
  /** Folders of version 1 have no checksum, and may lack `preprocessing`. */
  formatVersion: z.literal([1, 2]),
  producer: z.strictObject({ name: z.string(), version: z.string() }),
  config: z.unknown(),
  /** Follows from `config`, for programs without this package. */
  preprocessing: z.optional(z.unknown()),
  /** Follows from `config`. z_i is [batch, channels, height / downscale, width / downscale]. Finest first. */
  latents: z.unknown(),
  /** Graphs by precision. fp32 is always present. */
  variants: z.looseObject({ fp32: variantSchema }),
  files: z.array(
    z.strictObject({
      path: relativePath,
      bytes: natural,
      sha256: z.string().check(z.regex(sha256Pattern)),
    }),
  ),
  /** SPDX identifier; absent if it was not stated. */
  license: z.optional(z.string()),
  /** The factor on the tolerances that export used; 1 if absent. */
  toleranceFactor: z.optional(z.number().check(z.positive())),
  /** The lowest temperature at which the export found a sample that is not finite; absent if it found none. */
  samplesDivergeFrom: z.optional(z.number().check(z.minimum(0))),
  /** Float64's own error of decode, if the model amplifies rounding: see docs/format.md. */
  roundingError: z.optional(z.number().check(z.positive())),
  /** The checkpoint's facts about its training; null for an import. */
  training: z.nullable(z.looseObject({})),
  /** Errors that export measured when it ran the graphs: the largest |error|, with its device and tolerance. */
  measured: z.array(
    z.strictObject({
      device: z.string(),
      precision: z.string(),
      claim: z.string(),
      value: z.number(),
      tolerance: z.number(),
    }),
  ),
});

/** The files of one precision, relative to the model folder. */
export interface GraphVariant {
  readonly encode: string;
  readonly decode: string;
  /** null if each graph holds its own weights. */
  readonly weights: string | null;
}

/** The latents of one level: z_i is [batch, channels, height / downscale, width / downscale]. */
export interface ManifestLatents {
  name: string;
  channels: number;
  downscale: number;
}

/** The contents of `manifest.json`, which describes a model folder. Paths are relative to the folder. */
export type Manifest = Omit<
  z.infer<typeof manifestSchema>,
  'config' | 'variants' | 'preprocessing' | 'latents'
> & {
  config: GlowConfig;
  preprocessing: Preprocessing;
  latents: ManifestLatents[];
  variants: { fp32: GraphVariant } & Record<string, GraphVariant>;
};

/**
 * Reads and checks the text of a manifest: its checksum, its form, and that what follows from the config does.
 * @param source the text, or its bytes: at most 4 MiB.
 * @throws SyntaxError if it is not JSON. @throws RangeError naming the field, the expected value and the given value;
 * saying what to update if a newer release wrote it.
 * @example
 * const { config, variants } = parseManifest(await readFile('my-model/manifest.json'));
 */
export function parseManifest(source: string | Uint8Array): Manifest {
  const { checksum, ...facts } = parseJsonObject(source, limits);
  if (facts.formatVersion === undefined) {
    throw new RangeError(
      `${where}: expected a formatVersion, got none; this is not the manifest of a model folder`,
    );
  }
  const version = checkVersion(where, facts.formatVersion, newestVersion);
  if (checksum !== (version === 1 ? undefined : checksumOf(facts))) {
    throw new RangeError(
      `${where}: its checksum differs from its contents, so it has changed since the export; ` +
        'copy the model folder again, or export the model again',
    );
  }
  checkLengths(facts);
  const result = manifestSchema.safeParse(facts);
  if (!result.success) throw new RangeError(`${where}: ${describeIssue(result.error, facts)}`);
  const manifest = result.data;
  const config = parseConfig(manifest.config);
  const derived = derivedFrom(config);
  checkDerived('latents', manifest.latents, derived.latents);
  if (manifest.preprocessing !== undefined || version > 1) {
    checkDerived('preprocessing', manifest.preprocessing, derived.preprocessing);
  }
  checkPaths(manifest.files);
  return { ...manifest, config, ...derived, variants: parseVariants(manifest.variants) };
}

/** A manifest before it is written: everything that does not follow from the rest. */
export type ManifestFacts = Omit<Manifest, 'formatVersion' | 'preprocessing' | 'latents'>;

/**
 * The text of a manifest in the newest version, with its checksum.
 * @throws RangeError if `parseManifest` would refuse it.
 */
export function encodeManifest(facts: ManifestFacts): string {
  const { producer, variants, config, files, license, toleranceFactor, training, measured } = facts;
  const { samplesDivergeFrom, roundingError } = facts;
  const stated = {
    formatVersion: newestVersion,
    producer,
    variants,
    config,
    ...derivedFrom(config),
    files,
    license,
    toleranceFactor,
    samplesDivergeFrom,
    roundingError,
    training,
    measured,
  };
  const manifest = JSON.parse(JSON.stringify(stated)); // as a reader finds it, without fields that are undefined
  const text = `${JSON.stringify({ ...manifest, checksum: checksumOf(manifest) }, null, 2)}\n`;
  parseManifest(text);
  return text;
}

function derivedFrom(config: GlowConfig): Pick<Manifest, 'latents' | 'preprocessing'> {
  const latents = Array.from({ length: config.levels }, (_, level) => ({
    name: `z${level}`,
    channels: latentChannels(config, level),
    downscale: 2 ** (level + 1),
  }));
  return { preprocessing: preprocessingOf(config), latents };
}

function checkDerived(field: 'latents' | 'preprocessing', given: unknown, derived: unknown): void {
  const found = difference(given, derived, field);
  if (!found) return;
  throw new RangeError(
    `${where}: ${found.path}: expected ${found.expected}, which follows from the config, got ${found.got}; ` +
      'copy the model folder again, or export the model again',
  );
}

function checkLengths({ files, measured }: Record<string, unknown>): void {
  for (const [name, list] of Object.entries({ files, measured })) {
    if (Array.isArray(list) && list.length > maxEntries) {
      throw new RangeError(`${where}: ${name}: expected at most ${maxEntries} entries, got ${list.length}`);
    }
  }
}

function checkPaths(files: Manifest['files']): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path))
      throw new RangeError(`${where}: files: ${path} is listed twice; export the model again`);
    paths.add(path);
  }
}

function parseVariants(variants: Record<string, unknown>): Manifest['variants'] {
  const parsed = Object.entries(variants).map(([precision, variant]): [string, GraphVariant] => {
    const result = variantSchema.safeParse(variant);
    if (result.success) return [precision, result.data];
    throw new RangeError(`${where}: variants.${precision}.${describeIssue(result.error, variant)}`);
  });
  return Object.fromEntries(parsed) as Manifest['variants'];
}

import { describeIssue, type GlowConfig, parseConfig } from './config.js';
import * as z from './schema.js';
import { sha256Pattern } from './sha256-pattern.js';

export { latentChannels, latentShapes } from './latent-shapes.js';
export { type Precision, precisions } from './precision.js';
export { printable, unprintable } from './printable.js';
export { sha256Pattern } from './sha256-pattern.js';
export { type Tolerances, tolerances } from './tolerances.js';
export type { GlowConfig };

const relativePath = z.string().check(z.regex(/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._/-]{1,200}$/));
const natural = z.int().check(z.minimum(0));

/** A pair of graphs and the weights file that both read; null if each graph holds its own weights. */
const variantSchema = z.strictObject({
  encode: relativePath,
  decode: relativePath,
  weights: z.nullable(relativePath),
});

/** The steps from a picture to x, for programs without this package. */
const preprocessingSchema = z.strictObject({
  /** x is batch × channels × height × width. */
  layout: z.literal('NCHW'),
  channels: natural,
  /** The channels in order: grey, rgb, or unnamed for 2 channels or more than 3. */
  colour: z.enum(['grey', 'rgb', 'unnamed']),
  /** The conversion of images with other channels. */
  conversion: z.string(),
  /** Bits per channel that the model keeps of a pixel's 8. */
  bits: natural,
  /** x as a function of the pixel p, 0 … 255. */
  formula: z.string(),
  /** The smallest and largest x. */
  range: z.tuple([z.number(), z.number()]),
  /** Of the training images. */
  height: natural,
  width: natural,
  /** Divides height and width of every picture. */
  multipleOf: natural,
  /** A picture of another size is not resized: it is an error. */
  fit: z.literal('none'),
});

const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  producer: z.strictObject({ name: z.string(), version: z.string() }),
  config: z.unknown(),
  /** The preprocessing, which also follows from `config`. Absent from older folders. */
  preprocessing: z.optional(preprocessingSchema),
  /** z_i is [batch, channels, height / downscale, width / downscale]. Finest first. */
  latents: z.array(z.strictObject({ name: z.string(), channels: natural, downscale: natural })),
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

/** The contents of `manifest.json`, which describes a model folder. Paths are relative to the folder. */
export type Manifest = Omit<z.infer<typeof manifestSchema>, 'config' | 'variants'> & {
  config: GlowConfig;
  variants: { fp32: GraphVariant } & Record<string, GraphVariant>;
};

/** The steps from a picture to x. */
export type Preprocessing = z.infer<typeof preprocessingSchema>;

/**
 * Reads and checks the text of a manifest.
 * @throws SyntaxError if it is not JSON. @throws RangeError naming the field, the expected value and the given value.
 * @example
 * const { config, variants } = parseManifest(await readFile('my-model/manifest.json', 'utf8'));
 */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError('manifest.json: not valid JSON; export the model again', { cause });
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (version === undefined) {
    throw new RangeError(
      'manifest.json: expected a formatVersion, got none; this is not the manifest of a model folder',
    );
  }
  if (version !== 1) {
    throw new RangeError(
      `manifest.json: format version ${JSON.stringify(version)} is not known here (known: 1); ` +
        'update @glow-onnx/runtime or export the model again',
    );
  }
  const result = manifestSchema.safeParse(value);
  if (!result.success) throw new RangeError(`manifest.json: ${describeIssue(result.error, value)}`);
  const config = parseConfig(result.data.config);
  return { ...result.data, config, variants: parseVariants(result.data.variants) };
}

function parseVariants(variants: Record<string, unknown>): Manifest['variants'] {
  const parsed: Record<string, GraphVariant> = {};
  for (const [precision, variant] of Object.entries(variants)) {
    const result = variantSchema.safeParse(variant);
    if (!result.success) {
      throw new RangeError(`manifest.json: variants.${precision}.${describeIssue(result.error, variant)}`);
    }
    parsed[precision] = result.data;
  }
  return parsed as Manifest['variants'];
}

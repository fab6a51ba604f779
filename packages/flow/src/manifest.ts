import * as z from 'zod/mini';
import { describeIssue, type GlowConfig, parseConfig } from './config.js';

export { latentChannels, latentShapes } from './latent-shapes.js';
export { type Precision, precisions } from './precision.js';
export { type Tolerances, tolerances } from './tolerances.js';
export type { GlowConfig };

const relativePath = z.string().check(z.regex(/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._/-]{1,200}$/));
const natural = z.int().check(z.minimum(0));

/** A pair of graphs and the external data both read; null where each graph holds its own weights. */
const variantSchema = z.strictObject({
  encode: relativePath,
  decode: relativePath,
  weights: z.nullable(relativePath),
});

/** What turns a picture into x, for programs that do not have this package. */
const preprocessingSchema = z.strictObject({
  /** x is batch × channels × height × width. */
  layout: z.literal('NCHW'),
  channels: natural,
  /** Channels in their order: grey, rgb, or unnamed where there are 2 or more than 3. */
  colour: z.enum(['grey', 'rgb', 'unnamed']),
  /** How pictures with other channels get these. */
  conversion: z.string(),
  /** Bits per channel that are kept of a pixel's 8. */
  bits: natural,
  /** x of pixel p, 0 … 255. */
  formula: z.string(),
  /** The smallest and largest x. */
  range: z.tuple([z.number(), z.number()]),
  /** Of the training pictures. */
  height: natural,
  width: natural,
  /** Divides height and width of every picture. */
  multipleOf: natural,
  /** What is done to a picture of another size: nothing, it is an error. */
  fit: z.literal('none'),
});

const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  producer: z.strictObject({ name: z.string(), version: z.string() }),
  config: z.unknown(),
  /** How x is made of a picture; absent from older folders. It repeats what follows from `config`. */
  preprocessing: z.optional(preprocessingSchema),
  /** z_i is [batch, channels, height / downscale, width / downscale]. Finest first. */
  latents: z.array(z.strictObject({ name: z.string(), channels: natural, downscale: natural })),
  /** Precision → graphs. fp32 is always there. */
  variants: z.looseObject({ fp32: variantSchema }),
  files: z.array(
    z.strictObject({
      path: relativePath,
      bytes: natural,
      sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
  /** SPDX identifier, where it was stated. */
  license: z.optional(z.string()),
  /** Factor on the tolerances that export was asked for; 1 where absent. */
  toleranceFactor: z.optional(z.number().check(z.positive())),
  /** What the checkpoint said of its training; null for an import. */
  training: z.nullable(z.looseObject({})),
  /** What export measured when it ran the graphs: worst |error| and on which provider. */
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

export interface GraphVariant {
  readonly encode: string;
  readonly decode: string;
  readonly weights: string | null;
}

/** The contents of `manifest.json`, the entry to a model folder. Paths are relative to it. */
export type Manifest = Omit<z.infer<typeof manifestSchema>, 'config' | 'variants'> & {
  config: GlowConfig;
  variants: { fp32: GraphVariant } & Record<string, GraphVariant>;
};

export type Preprocessing = z.infer<typeof preprocessingSchema>;

/**
 * Checks a manifest's text.
 * @throws SyntaxError if it is not JSON. @throws RangeError naming the field, what it expects and what it got.
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
    throw new RangeError('manifest.json: not that of a model folder, which has a formatVersion');
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

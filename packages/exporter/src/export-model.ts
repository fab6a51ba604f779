import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import {
  type Checkpoint,
  createGlow,
  float64Ops,
  forwardWeights,
  type GlowConfig,
  inverseWeights,
  type Manifest,
} from '@glow-onnx/flow';
import {
  encodeSafetensors,
  type GraphVariant,
  latentChannels,
  type Precision,
  precisions,
} from '@glow-onnx/flow/internal';
import { encodeModel, type Graph } from '@glow-onnx/graph';
import { createWeightsFile } from '@glow-onnx/graph/internal';
import { holds, type Measurement, parseGolden } from '@glow-onnx/runtime/session';
import { type Diagnosis, worstFirst } from './diagnose.js';
import { type FoldedFlow, fold, type WeightedFlow } from './fold.js';
import { type WrittenFile, writeFolder } from './folder.js';
import { goldenImages } from './golden-images.js';
import { modelCard } from './model-card.js';
import { roundConditioners } from './precision.js';
import { preprocessingOf } from './preprocessing.js';
import { goldenTensors, makeReference, type Reference, sampleImages } from './reference.js';
import { traceDecode, traceEncode } from './trace.js';
import { diagnoseFolder, measure } from './verify-folder.js';

export interface ExportOptions {
  /** Folder to make. */
  readonly out: string;
  /** Replace a model folder that is there. */
  readonly force?: boolean;
  /** Graphs that hold their own weights, instead of one file for both. */
  readonly singleFile?: boolean;
  /** Factor on the tolerances of the check, 1 unless given; the manifest states it. */
  readonly tolerance?: number;
  /** Graphs to write, fp32 among them; default fp32 alone. */
  readonly precision?: readonly Precision[];
  /** SPDX identifier, for the manifest and the graphs' metadata. */
  readonly license?: string;
  /** Pictures whose pixels become golden values; default samples of the model itself. */
  readonly images?: readonly string[];
}

/** What was written, and how far ONNX Runtime was from float64. */
export interface ExportReport {
  readonly out: string;
  readonly config: GlowConfig;
  readonly parameters: number;
  readonly files: readonly WrittenFile[];
  readonly measured: readonly Measurement[];
  /** What each step does to the golden images. */
  readonly diagnosis: Diagnosis;
  /** How many of the pictures of `images` the golden values are of. */
  readonly pictures?: { readonly taken: number; readonly found: number };
}

/** In manifests and graphs; the version is that of package.json. */
export const producer = { name: '@glow-onnx/exporter', version: '0.1.0' };

/** What the names of a precision's files end in. */
const suffixes: Record<Precision, string> = {
  fp32: '',
  'fp16-weights': '_fp16w',
  'int8-weights': '_int8w',
  fp16: '_fp16',
};

/** Paths inside a model folder; the graphs call their weights by the last part. */
function pathsOf(precision: Precision, singleFile: boolean): GraphVariant {
  const path = (name: string, extension: string) => `onnx/${name}${suffixes[precision]}.${extension}`;
  return {
    encode: path('encode', 'onnx'),
    decode: path('decode', 'onnx'),
    weights: singleFile ? null : path('weights', 'bin'),
  };
}

/**
 * Writes a model folder: graphs, their weights, config, manifest, card and golden values. Moving averages are taken
 * where the checkpoint has them. All graphs run once and are compared with float64 before the folder appears.
 * @throws Error if the model cannot be inverted or run, or is less accurate than `tolerances` allow; no folder is left.
 */
export async function exportModel(checkpoint: Checkpoint, options: ExportOptions): Promise<ExportReport> {
  const { out, force = false, singleFile = false, tolerance = 1, license, images = [] } = options;
  const chosen = precisions.filter((name) => (options.precision ?? ['fp32']).includes(name));
  if (!chosen.includes('fp32')) throw new RangeError('export: precision must have fp32 among others');
  if (!(tolerance > 0 && Number.isFinite(tolerance))) {
    throw new RangeError(`export: tolerance must be a positive number, got ${tolerance}`);
  }
  const { config } = checkpoint;
  return writeFolder(out, force, async (folder, write) => {
    const { glow, forward, inverse, parameters } = prepare(checkpoint);
    const given = images.length > 0 ? await goldenImages(config, images) : undefined;
    const pictures = given ?? sampleImages(glow, inverse);
    const files: WrittenFile[] = [];
    const variants: Partial<Record<Precision, GraphVariant>> = {};
    const references: Partial<Record<Precision, Reference>> = {};
    for (const precision of chosen) {
      const paths = pathsOf(precision, singleFile);
      const weights = paths.weights === null ? undefined : createWeightsFile(basename(paths.weights));
      const metadata = metadataOf(checkpoint, precision, license);
      const model = (graph: Graph) => encodeModel(graph, { producer, metadata, ...(weights && { weights }) });
      const ahead = roundConditioners(forward, precision);
      const back = roundConditioners(inverse, precision);
      const flows = fold(glow, ahead.weights, back.weights);
      files.push(
        await write(paths.encode, [model(traceEncode(config, { ...flows.encode, storage: ahead.storage }))]),
        await write(paths.decode, [model(traceDecode(config, { ...flows.decode, storage: back.storage }))]),
      );
      // A model whose tensors are all below 1 KiB has nothing to share, and onnxruntime-web refuses an empty file.
      const shared = weights?.byteLength ? paths.weights : null;
      if (weights && shared) files.push(await write(shared, weights.chunks()));
      variants[precision] = { ...paths, weights: shared };
      references[precision] = makeReference(glow, ahead.weights, back.weights, pictures);
    }
    const golden = goldenBytes(references);
    files.push(await write('golden.safetensors', [golden]), await write('config.json', [json(config)]));
    const claims = {
      variants: variants as Manifest['variants'],
      config,
      ...(tolerance !== 1 && { toleranceFactor: tolerance }),
    };
    const verifying = { folder, manifest: claims, golden: parseGolden(golden) };
    const diagnosis = await diagnoseFolder(verifying);
    const measured: Measurement[] = [];
    for (const precision of chosen) {
      measured.push(...(await measure(verifying, precision, 'cpu')));
      assertHolds(measured, config, diagnosis);
    }
    const manifest: Manifest = {
      formatVersion: 1,
      producer,
      ...claims,
      preprocessing: preprocessingOf(config),
      latents: Array.from({ length: config.levels }, (_, l) => ({
        name: `z${l}`,
        channels: latentChannels(config, l),
        downscale: 2 ** (l + 1),
      })),
      files,
      ...(license !== undefined && { license }),
      training: checkpoint.training ?? null,
      measured,
    };
    const listed = await write('manifest.json', [json(manifest)]);
    const card = await write('README.md', [modelCard(manifest, parameters)]);
    return {
      out,
      config,
      parameters,
      files: [...files, listed, card],
      measured,
      diagnosis,
      ...(given && { pictures: { taken: given.x.shape[0], found: given.found } }),
    };
  });
}

/** What each graph says of itself, in ONNX's `metadata_props`: texts by key. */
function metadataOf(
  { config, training, progress }: Checkpoint,
  precision: Precision,
  license: string | undefined,
): Record<string, string> {
  const text = JSON.stringify(config);
  const step = training?.steps ?? progress?.step;
  return {
    producer: `${producer.name} ${producer.version}`,
    config: text,
    config_sha256: createHash('sha256').update(text).digest('hex'),
    training_step: typeof step === 'number' ? String(step) : 'unknown',
    license: license ?? 'not stated',
    precision,
  };
}

/** @throws Error for the first claim that does not hold, with the step that loses most. */
function assertHolds(
  measured: readonly Measurement[],
  { levels, steps }: GlowConfig,
  diagnosis: Diagnosis,
): void {
  const broken = measured.find((claim) => !holds(claim));
  if (!broken) return;
  const { claim, value, tolerance, precision } = broken;
  const [fault, advice] = Number.isFinite(value)
    ? ['amplifies rounding', 'accept more with --tolerance']
    : ['leaves the range of float32', 'take an earlier checkpoint'];
  throw new Error(
    `export: ${claim} is ${value}, expected at most ${tolerance}: this model ${fault} ` +
      `(${precision}, ${levels * steps} steps${worstOf(diagnosis)}); train it further, or ${advice}`,
  );
}

function worstOf({ steps, firstNonFiniteInDecode }: Diagnosis): string {
  const [{ step, conditionOfW, smallestScale }] = worstFirst(steps);
  const lost = firstNonFiniteInDecode ? `; decode is not finite from ${firstNonFiniteInDecode} on` : '';
  return (
    `; most in ${step}: cond(W) ${conditionOfW.toPrecision(2)}, ` +
    `smallest coupling scale ${smallestScale.toPrecision(2)}${lost}`
  );
}

/** All that is computed in float64: weights of both directions, folded, and what they make of a few images. */
function prepare({ config, params, ema, initialised }: Checkpoint) {
  if (!initialised) {
    throw new Error(
      'export: the actnorms of this checkpoint have not seen a first batch, so it cannot be inverted; ' +
        'train it for at least one step',
    );
  }
  const glow = createGlow(config);
  const used = { trainable: ema ?? params.trainable, fixed: params.fixed };
  const forward = forwardWeights(glow, float64Ops, used);
  const inverse = inverseWeights(glow, used);
  checkFloat32(fold(glow, forward, inverse));
  const parameters = Object.values(used.trainable).reduce((sum, { data }) => sum + data.length, 0);
  return { glow, forward, inverse, parameters };
}

/** @throws RangeError naming the first weight that float32 cannot hold. */
function checkFloat32({ encode, decode }: FoldedFlow): void {
  const check = ({ weights }: WeightedFlow): void => {
    for (const [place, named] of Object.entries(weights)) {
      for (const [name, { data }] of Object.entries(named)) {
        const bad = data.findIndex((value) => !Number.isFinite(Math.fround(value)));
        if (bad < 0) continue;
        throw new RangeError(
          `export: ${place}.${name} is ${data[bad]} at element ${bad}, which float32 cannot hold; ` +
            'training diverged: take an earlier checkpoint',
        );
      }
    }
  };
  check(encode);
  check(decode);
}

function goldenBytes(references: Readonly<Partial<Record<Precision, Reference>>>): Uint8Array {
  const tensors = Object.entries(goldenTensors(references)).map(([name, { shape, data }]) => [
    name,
    { dtype: 'F32' as const, shape, data },
  ]);
  return encodeSafetensors(Object.fromEntries(tensors), { format: 'glow-onnx golden', computed: 'float64' });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

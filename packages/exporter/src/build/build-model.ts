import {
  type Checkpoint,
  createGlow,
  type Float64Tensor,
  type FlowWeights,
  float64Ops,
  forwardWeights,
  type Glow,
  inverseWeights,
  type Manifest,
} from '@glow-onnx/flow';
import {
  checkpointParts,
  encodeSafetensors,
  type GraphVariant,
  type Precision,
} from '@glow-onnx/flow/internal';
import { createWeightsFile, encodeModel, type Graph } from '@glow-onnx/graph';
import { relativeTo, roundingErrorOf, sha256 } from '@glow-onnx/runtime/internal';
import type { WriteFile, WrittenFile } from '@glow-onnx/runtime/internal-node';
import { type Golden, parseGolden } from '@glow-onnx/runtime/session';
import { checkpointName, modelAlone } from '../carried-checkpoint.js';
import { producer } from '../producer.js';
import { type FoldedFlow, fold, type WeightedFlow } from './fold.js';
import {
  type Divergence,
  goldenTensors,
  type Images,
  makeReference,
  noiseImages,
  type Reference,
  sampleImages,
} from './reference.js';
import { type RoundedWeights, roundConditioners } from './round-conditioners.js';
import { traceDecode, traceEncode } from './trace.js';

/** Choices of a build. */
export interface BuildOptions {
  readonly precisions: readonly Precision[];
  readonly singleFile: boolean;
  readonly license: string | undefined;
  /** Whether the folder carries the checkpoint. */
  readonly withCheckpoint?: boolean;
  /** The images for the golden values; default: samples of the model, or noise if it has no finite ones. */
  readonly images?: Images | undefined;
}

/** A written model whose errors are not known yet. */
export interface BuiltModel {
  /** Number of trained parameters. */
  readonly parameters: number;
  readonly variants: Manifest['variants'];
  readonly golden: Golden;
  /** Undefined if no precision amplifies rounding. */
  readonly roundingError: number | undefined;
  /** Undefined if the samples are finite. */
  readonly divergence: Divergence | undefined;
  readonly files: WrittenFile[];
}

/** A model's float64 weights in both directions, by their layers. */
interface FlowBothWays {
  readonly glow: Glow;
  readonly forward: FlowWeights<Float64Tensor>;
  readonly inverse: FlowWeights<Float64Tensor>;
}

/**
 * The first step of an export: computes all weights in float64 and writes the graphs of every precision, their weights,
 * the golden values and the config.
 * @throws Error if the model cannot be inverted. @throws RangeError if float32 or a precision cannot hold a weight or a
 * golden value.
 */
export async function buildModel(
  checkpoint: Checkpoint,
  { precisions, singleFile, license, withCheckpoint = false, images: given }: BuildOptions,
  write: WriteFile,
): Promise<BuiltModel> {
  const { config } = checkpoint;
  const { parameters, ...flow } = float64Flow(checkpoint);
  const folded = fold(flow.glow, flow.forward, flow.inverse);
  checkFloat32(folded);
  const files: WrittenFile[] = [];
  const variants: Partial<Record<Precision, GraphVariant>> = {};
  const flows: Partial<Record<Precision, Rounded>> = {};
  for (const precision of precisions) {
    const forward = roundConditioners(flow.forward, precision);
    const inverse = roundConditioners(flow.inverse, precision);
    const rounded = precision === 'fp32' ? folded : fold(flow.glow, forward.weights, inverse.weights);
    const metadata = await metadataOf(checkpoint, precision, license);
    const written = await writeGraphs(write, checkpoint, pathsOf(precision, singleFile), metadata, rounded, {
      forward,
      inverse,
    });
    files.push(...written.files);
    variants[precision] = written.variant;
    flows[precision] = { forward: forward.weights, inverse: inverse.weights };
  }
  const { images, divergence } = sampleImages(flow.glow, flow.inverse);
  const candidates = given ? [given] : [...(images ? [images] : []), noiseImages(flow.glow)];
  const golden = goldenBytes(firstReferences(flow.glow, flows, candidates));
  const values = parseGolden(golden);
  const errors = precisions.flatMap((precision) => roundingErrorOf(values, precision, config) ?? []);
  files.push(
    await write('golden.safetensors', [golden]),
    await write('config.json', [`${JSON.stringify(config, null, 2)}\n`]),
  );
  if (withCheckpoint) files.push(await write(checkpointName, checkpointParts(modelAlone(checkpoint))));
  return {
    parameters,
    variants: variants as Manifest['variants'],
    golden: values,
    roundingError: errors.length > 0 ? Math.max(...errors) : undefined,
    divergence,
    files,
  };
}

type Rounded = Pick<FlowBothWays, 'forward' | 'inverse'>;

/**
 * The results of all precisions for the first images for which float32 can hold them.
 * @throws RangeError naming a result of the last images that float32 cannot hold.
 */
function firstReferences(
  glow: Glow,
  flows: Readonly<Partial<Record<Precision, Rounded>>>,
  [images, ...others]: readonly Images[],
): Partial<Record<Precision, Reference>> {
  try {
    return Object.fromEntries(
      Object.entries(flows).map(([precision, { forward, inverse }]) => [
        precision,
        makeReference(glow, forward, inverse, images),
      ]),
    );
  } catch (error) {
    if (others.length === 0) throw error;
    return firstReferences(glow, flows, others);
  }
}

/** The weights of both directions in float64, from the moving averages if the checkpoint has them. */
function float64Flow(checkpoint: Checkpoint): FlowBothWays & { parameters: number } {
  if (!checkpoint.initialised) {
    throw new Error(
      'export: the actnorms of this checkpoint have not seen a first batch, so the model cannot be inverted; ' +
        'train it for at least one step',
    );
  }
  const { config, params } = modelAlone(checkpoint);
  const glow = createGlow(config);
  return {
    glow,
    forward: forwardWeights(glow, float64Ops, params),
    inverse: inverseWeights(glow, params),
    parameters: Object.values(params.trainable).reduce((sum, { data }) => sum + data.length, 0),
  };
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

/** How the names of a precision's files end. */
const suffixes: Record<Precision, string> = {
  fp32: '',
  'fp16-weights': '_fp16w',
  'int8-weights': '_int8w',
  fp16: '_fp16',
};

/** Paths inside a model folder. The graphs refer to their weights by the last part of the path. */
function pathsOf(precision: Precision, singleFile: boolean): GraphVariant {
  const path = (name: string, extension: string) => `onnx/${name}${suffixes[precision]}.${extension}`;
  return {
    encode: path('encode', 'onnx'),
    decode: path('decode', 'onnx'),
    weights: singleFile ? null : path('weights', 'bin'),
  };
}

/** The `metadata_props` of each graph: texts by key. */
async function metadataOf(
  { config, training, progress }: Checkpoint,
  precision: Precision,
  license: string | undefined,
): Promise<Record<string, string>> {
  const text = JSON.stringify(config);
  const step = training?.steps ?? progress?.step;
  return {
    producer: `${producer.name} ${producer.version}`,
    config: text,
    config_sha256: await sha256(new TextEncoder().encode(text)),
    training_step: typeof step === 'number' ? String(step) : 'unknown',
    license: license ?? 'not stated',
    precision,
  };
}

/** Writes both graphs of a precision, and the weights they share. */
async function writeGraphs(
  write: WriteFile,
  { config }: Checkpoint,
  paths: GraphVariant,
  metadata: Record<string, string>,
  { encode, decode }: FoldedFlow,
  { forward, inverse }: Readonly<Record<'forward' | 'inverse', RoundedWeights>>,
): Promise<{ variant: GraphVariant; files: WrittenFile[] }> {
  const weights =
    paths.weights === null ? undefined : createWeightsFile(relativeTo(paths.encode, paths.weights));
  const model = (graph: Graph) => encodeModel(graph, { producer, metadata, ...(weights && { weights }) });
  const files = [
    await write(paths.encode, [model(traceEncode(config, { ...encode, storage: forward.storage }))]),
    await write(paths.decode, [model(traceDecode(config, { ...decode, storage: inverse.storage }))]),
  ];
  // If no kernel has 1 KiB, the graphs share no weights, and onnxruntime-web refuses an empty file.
  const shared = weights?.byteLength ? paths.weights : null;
  if (weights && shared) files.push(await write(shared, weights.chunks()));
  return { variant: { ...paths, weights: shared }, files };
}

function goldenBytes(references: Readonly<Partial<Record<Precision, Reference>>>): Uint8Array {
  const tensors = Object.entries(goldenTensors(references)).map(([name, { shape, data }]) => [
    name,
    { dtype: 'F32' as const, shape, data },
  ]);
  return encodeSafetensors(Object.fromEntries(tensors), { format: 'glow-onnx golden', computed: 'float64' });
}

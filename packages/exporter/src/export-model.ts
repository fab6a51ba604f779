import { join } from 'node:path';
import {
  type Checkpoint,
  createGlow,
  encodeSafetensors,
  float64Ops,
  forwardWeights,
  type GlowConfig,
  inverseWeights,
  latentChannels,
  type Manifest,
} from '@glow-onnx/flow';
import { createWeightsFile, encodeModel, type Graph } from '@glow-onnx/graph';
import { type FoldedFlow, fold, type WeightedFlow } from './fold.js';
import { type WrittenFile, writeFolder } from './folder.js';
import { modelCard } from './model-card.js';
import { goldenTensors, makeReference, type Reference } from './reference.js';
import { traceDecode, traceEncode } from './trace.js';
import { type Measurement, verify } from './verify.js';

export interface ExportOptions {
  /** Folder to make. */
  readonly out: string;
  /** Replace a model folder that is there. */
  readonly force?: boolean;
  /** Graphs that hold their own weights, instead of one file for both. */
  readonly singleFile?: boolean;
  /** Factor on the tolerances of the check, 1 unless given; the manifest states the result. */
  readonly tolerance?: number;
}

/** What was written, and how far ONNX Runtime was from float64. */
export interface ExportReport {
  readonly out: string;
  readonly config: GlowConfig;
  readonly parameters: number;
  readonly files: readonly WrittenFile[];
  readonly measured: readonly Measurement[];
}

const producer = { name: '@glow-onnx/exporter', version: '0.1.0' };

/** Paths inside a model folder; the graphs call their weights by the last part. */
const paths = {
  encode: 'onnx/encode.onnx',
  decode: 'onnx/decode.onnx',
  weights: 'onnx/weights.bin',
} as const;

/**
 * Writes a model folder: both graphs, their weights, config, manifest, card and golden values. Moving averages are
 * taken where the checkpoint has them. Both graphs run once and are compared with float64 before the folder appears.
 * @throws Error if the model cannot be inverted or run, or is less accurate than `tolerances` allow; no folder is left.
 */
export async function exportModel(checkpoint: Checkpoint, options: ExportOptions): Promise<ExportReport> {
  const { out, force = false, singleFile = false, tolerance = 1 } = options;
  const { config } = checkpoint;
  return writeFolder(out, force, async (folder, write) => {
    const { folded, reference, parameters } = prepare(checkpoint);
    const weights = singleFile ? undefined : createWeightsFile('weights.bin');
    const model = (graph: Graph) =>
      encodeModel(graph, {
        producer,
        metadata: { config: JSON.stringify(config) },
        ...(weights && { weights }),
      });
    const files = [
      await write(paths.encode, [model(traceEncode(config, folded.encode))]),
      await write(paths.decode, [model(traceDecode(config, folded.decode))]),
    ];
    if (weights) files.push(await write(paths.weights, weights.chunks()));
    const onDisk = { encode: join(folder, paths.encode), decode: join(folder, paths.decode) };
    const measured = await verify(onDisk, config, reference, tolerance);

    files.push(
      await write('golden.safetensors', [golden(reference)]),
      await write('config.json', [json(config)]),
    );
    const manifest: Manifest = {
      formatVersion: 1,
      producer,
      config,
      latents: Array.from({ length: config.levels }, (_, l) => ({
        name: `z${l}`,
        channels: latentChannels(config, l),
        downscale: 2 ** (l + 1),
      })),
      variants: { fp32: { ...paths, weights: weights ? paths.weights : null } },
      files,
      training: checkpoint.training ?? null,
      measured,
    };
    const listed = await write('manifest.json', [json(manifest)]);
    const card = await write('README.md', [modelCard(manifest, parameters)]);
    return { out, config, parameters, files: [...files, listed, card], measured };
  });
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
  const folded = fold(glow, forward, inverse);
  checkFloat32(folded);
  const parameters = Object.values(used.trainable).reduce((sum, { data }) => sum + data.length, 0);
  return { folded, parameters, reference: makeReference(glow, forward, inverse) };
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

function golden(reference: Reference): Uint8Array {
  const tensors = Object.entries(goldenTensors(reference)).map(([name, { shape, data }]) => [
    name,
    { dtype: 'F32' as const, shape, data },
  ]);
  return encodeSafetensors(Object.fromEntries(tensors), { format: 'glow-onnx golden', computed: 'float64' });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

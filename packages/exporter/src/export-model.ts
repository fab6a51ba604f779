import type { Checkpoint, GlowConfig } from '@glow-onnx/flow';
import {
  aBoolean,
  aText,
  checkOptions,
  checkValue,
  describe,
  listOf,
  type Precision,
  precisions,
  type Rules,
} from '@glow-onnx/flow/internal';
import { type WrittenFile, writeFolder } from '@glow-onnx/runtime/internal-node';
import type { Measurement } from '@glow-onnx/runtime/session';
import { buildModel } from './build/build-model.js';
import { type GoldenPictures, goldenImages } from './build/golden-images.js';
import { describeModel } from './describe/describe-model.js';
import type { ModelDiagnosis } from './verify/diagnose-steps.js';
import { verifyExport } from './verify/verify-export.js';

/** Choices for `exportModel`. */
export interface ExportOptions {
  /** The model folder to make. */
  readonly out: string;
  /** Replace an existing model folder. Default: false. */
  readonly force?: boolean;
  /** Each graph holds its own weights. Default: false, both graphs share one weights file. */
  readonly singleFile?: boolean;
  /** Factor on the tolerances of the check. Default: 1. The manifest states it. */
  readonly tolerance?: number;
  /** Precisions to write. fp32 must be among them. Default: fp32 alone. */
  readonly precision?: readonly Precision[];
  /** SPDX identifier of the weights' licence, for the manifest and the graphs' metadata. */
  readonly license?: string;
  /**
   * Image files, and folders of PNG, JPEG and WebP files, whose pixels become the golden values: the first eight.
   * Default: samples of the model.
   */
  readonly images?: readonly string[];
  /**
   * The folder carries its checkpoint, `checkpoint.safetensors`: the parameters of the graphs, by which others train the
   * model further. Loading the model does not read it. Default: false.
   */
  readonly withCheckpoint?: boolean;
}

const rules: Rules<ExportOptions> = {
  out: {
    expected: 'the path of the folder to make',
    holds: (value) => typeof value === 'string' && value !== '',
  },
  ...{ force: aBoolean, singleFile: aBoolean, withCheckpoint: aBoolean },
  tolerance: {
    ...{ expected: 'a positive number', type: 'number' },
    holds: (value) => Number.isFinite(value) && (value as number) > 0,
  },
  precision: listOf(precisions),
  license: aText,
  images: { expected: 'a list of paths', holds: (value) => Array.isArray(value) },
};

/** The files of an export, and how far ONNX Runtime was from float64. */
export interface ExportReport {
  /** The model folder. */
  readonly out: string;
  readonly config: GlowConfig;
  /** Number of trained parameters. */
  readonly parameters: number;
  readonly files: readonly WrittenFile[];
  /** Errors of every precision on the CPU, each with its tolerance. */
  readonly measured: readonly Measurement[];
  /** The effect of each step on the golden images. */
  readonly diagnosis: ModelDiagnosis;
  /** One sentence for each way in which the model is unstable, naming the step from which it comes. Often empty. */
  readonly warnings: readonly string[];
  /** The images that `images` named, and what their folders hold besides. Absent for samples. */
  readonly pictures?: GoldenPictures;
}

/**
 * Writes a model folder: graphs, weights, config, manifest, model card and golden values. If the checkpoint has moving
 * averages of its parameters, the model uses them. Before the folder appears, ONNX Runtime runs every graph once on the
 * CPU and the results are compared with float64. A model that is merely unstable is written, with `warnings`.
 * @throws RangeError if an option is not valid.
 * @throws Error if the model cannot be inverted or run, if an error exceeds its tolerance, or if the folder cannot be
 * written. In each case no file is left behind, and an existing folder stays as it was.
 * @example
 * const checkpoint = parseCheckpoint(await readFile('runs/mine/best.safetensors'));
 * const { measured } = await exportModel(checkpoint, { out: 'my-model', precision: ['fp32', 'int8-weights'] });
 */
export async function exportModel(checkpoint: Checkpoint, options: ExportOptions): Promise<ExportReport> {
  checkOptions('exportModel', options ?? null, rules);
  checkValue('exportModel', 'out', options.out, rules.out);
  if (!checkpoint?.params) {
    throw new TypeError(
      `exportModel: expected a checkpoint, got ${describe(checkpoint)}; parseCheckpoint reads its file`,
    );
  }
  const { out, force = false, singleFile = false, tolerance = 1, license, images: paths = [] } = options;
  const { withCheckpoint = false } = options;
  const chosen = precisions.filter((name) => (options.precision ?? ['fp32']).includes(name));
  if (!chosen.includes('fp32')) throw new RangeError('export: precision must include fp32');
  return writeFolder('export', out, force, async (folder, write) => {
    const { config } = checkpoint;
    const images = paths.length > 0 ? await goldenImages(config, paths) : undefined;
    const build = { precisions: chosen, singleFile, license, withCheckpoint, images };
    const built = await buildModel(checkpoint, build, write);
    const { golden, divergence, roundingError } = built;
    const claims = {
      variants: built.variants,
      config,
      ...(tolerance !== 1 && { toleranceFactor: tolerance }),
      ...(roundingError !== undefined && { roundingError }),
    };
    const verified = await verifyExport({ folder, manifest: claims, golden }, chosen, divergence);
    const facts = {
      claims,
      files: built.files,
      measured: verified.measured,
      license,
      parameters: built.parameters,
      samplesDivergeFrom: divergence?.from,
      warnings: verified.warnings,
    };
    const described = await describeModel(checkpoint, facts, write);
    return {
      out,
      config,
      parameters: built.parameters,
      files: [...built.files, ...described],
      ...verified,
      ...(images && { pictures: images.pictures }),
    };
  });
}

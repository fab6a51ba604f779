import type { Checkpoint, GlowConfig } from '@glow-onnx/flow';
import { type Precision, precisions } from '@glow-onnx/flow/internal';
import type { Measurement } from '@glow-onnx/runtime/session';
import { buildModel } from './build/build-model.js';
import { type GoldenPictures, goldenImages } from './build/golden-images.js';
import { describeModel } from './describe/describe-model.js';
import type { ModelDiagnosis } from './verify/diagnose-steps.js';
import { verifyExport } from './verify/verify-export.js';
import { type WrittenFile, writeFolder } from './write-folder.js';

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
}

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
  /** The images that `images` named, and what their folders hold besides. Absent for samples. */
  readonly pictures?: GoldenPictures;
}

/**
 * Writes a model folder: graphs, weights, config, manifest, model card and golden values. If the checkpoint has moving
 * averages of its parameters, the model uses them. Before the folder appears, ONNX Runtime runs every graph once on the
 * CPU and the results are compared with float64.
 * @throws RangeError if an option is not valid.
 * @throws Error if the model cannot be inverted or run, if an error exceeds its tolerance, or if the folder cannot be
 * written. In each case no file is left behind, and an existing folder stays as it was.
 * @example
 * const checkpoint = parseCheckpoint(await readFile('runs/mine/best.safetensors'));
 * const { measured } = await exportModel(checkpoint, { out: 'my-model', precision: ['fp32', 'int8-weights'] });
 */
export async function exportModel(checkpoint: Checkpoint, options: ExportOptions): Promise<ExportReport> {
  const { out, force = false, singleFile = false, tolerance = 1, license, images: paths = [] } = options;
  const chosen = precisions.filter((name) => (options.precision ?? ['fp32']).includes(name));
  if (!chosen.includes('fp32')) throw new RangeError('export: precision must include fp32');
  if (!(tolerance > 0 && Number.isFinite(tolerance))) {
    throw new RangeError(`export: tolerance must be a positive number, got ${tolerance}`);
  }
  return writeFolder(out, force, async (folder, write) => {
    const { config } = checkpoint;
    const images = paths.length > 0 ? await goldenImages(config, paths) : undefined;
    const built = await buildModel(checkpoint, { precisions: chosen, singleFile, license, images }, write);
    const claims = {
      variants: built.variants,
      config,
      ...(tolerance !== 1 && { toleranceFactor: tolerance }),
    };
    const verified = await verifyExport({ folder, manifest: claims, golden: built.golden }, chosen);
    const facts = {
      claims,
      files: built.files,
      measured: verified.measured,
      license,
      parameters: built.parameters,
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

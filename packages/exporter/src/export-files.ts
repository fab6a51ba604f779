import type { Checkpoint } from '@glow-onnx/flow';
import { relativeTo, sha256 } from '@glow-onnx/runtime/internal';
import type { WriteFile } from '@glow-onnx/runtime/internal-node';
import type { RuntimeOptions } from '@glow-onnx/runtime/session';
import { buildModel } from './build/build-model.js';
import { describeModel } from './describe/describe-model.js';
import { checkErrors } from './verify/check-errors.js';
import { measureGraphs } from './verify/measure-graphs.js';

/** Choices for `exportFiles`. */
export interface ExportFilesOptions extends Pick<RuntimeOptions, 'threads' | 'wasmPaths'> {
  /** SPDX identifier of the weights' licence, for the manifest and the graphs' metadata. */
  readonly license?: string;
}

/** The files of a model folder by their paths, such as `onnx/encode.onnx`. `loadGlow` takes them as they are. */
export type ExportedFiles = Map<string, Uint8Array<ArrayBuffer>>;

/**
 * Makes the files of a model folder in memory, in a page or in Node: fp32 graphs, weights, config, manifest, model card
 * and golden values. If the checkpoint has moving averages of its parameters, the model uses them. ONNX Runtime runs
 * both graphs once on wasm and the results are compared with float64.
 * @throws Error if the model cannot be inverted or run, or if an error exceeds its tolerance.
 * @throws RangeError if float32 cannot hold a weight.
 * @example
 * const files = await exportFiles(await engine.checkpoint());
 * const glow = await loadGlow(files);
 */
export async function exportFiles(
  checkpoint: Checkpoint,
  { license, ...runtime }: ExportFilesOptions = {},
): Promise<ExportedFiles> {
  const files: ExportedFiles = new Map();
  const write: WriteFile = async (path, chunks) => {
    const bytes = joined(chunks);
    files.set(path, bytes);
    return { path, bytes: bytes.length, sha256: await sha256(bytes) };
  };
  const { config } = checkpoint;
  const choices = { precisions: ['fp32'], singleFile: false, license } as const;
  const {
    golden,
    variants,
    files: written,
    parameters,
    divergence,
    roundingError,
  } = await buildModel(checkpoint, choices, write);
  const claims = { config, variants, ...(roundingError !== undefined && { roundingError }) };
  const { fp32 } = variants;
  const bytesOf = (path: string) => files.get(path) as Uint8Array;
  const measured = await measureGraphs({ manifest: claims, golden }, 'fp32', 'wasm', (graph) => {
    const [path, weights] = [fp32[graph], fp32.weights];
    const data = weights && { path: relativeTo(path, weights), data: bytesOf(weights) };
    return { model: bytesOf(path), ...(data && { externalData: [data] }), ...runtime };
  });
  checkErrors(measured, config);
  const facts = { claims, files: written, measured, license, parameters };
  await describeModel(checkpoint, { ...facts, samplesDivergeFrom: divergence?.from }, write);
  return files;
}

function joined(chunks: Iterable<Uint8Array | string>): Uint8Array<ArrayBuffer> {
  const parts = Array.from(chunks, (chunk) =>
    typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk,
  );
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '@glow-onnx/flow';
import type { Precision } from '@glow-onnx/flow/internal';
import { checkGraph, type GraphKind, relativeTo } from '@glow-onnx/runtime/internal';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';

/** A graph that holds to docs/format.md, and the weights beside it. */
export interface GraphFile {
  /** Relative to the model folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The folder in which ONNX Runtime finds the weights. */
  readonly folder: string;
  /** The weights file as the graph names it, relative to `folder`; null if the graph holds its weights. */
  readonly weights: string | null;
  /** Its `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a graph of a model folder, and checks it before ONNX Runtime opens it. The weights are not read.
 * @throws RangeError naming the file, the node or tensor, and the fault.
 */
export async function readGraph(
  { folder, manifest }: { readonly folder: string; readonly manifest: Pick<Manifest, 'config' | 'variants'> },
  precision: Precision,
  kind: GraphKind,
): Promise<GraphFile> {
  const variant = manifest.variants[precision];
  const path = variant[kind];
  const weights = variant.weights && relativeTo(path, variant.weights);
  const bytes = await readWholeFile(join(folder, path));
  const beside = join(folder, dirname(path));
  const claims = {
    kind,
    config: manifest.config,
    precision,
    ...(weights && { weights: { path: weights, bytes: (await stat(join(beside, weights))).size } }),
  };
  const { metadata } = checkGraph(bytes, claims, path);
  return { path, bytes, folder: beside, weights, metadata };
}

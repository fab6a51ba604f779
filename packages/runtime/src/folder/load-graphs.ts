import { type GraphVariant, type Manifest, type Precision, printable } from '@glow-onnx/flow/manifest';
import { checkGraph } from '../graphs/check-graph.js';
import type { GraphKind } from '../graphs/signature.js';
import type { OnnxRuntime } from '../sessions/onnx-runtime.js';
import type { ModelGraph, ModelGraphs } from '../sessions/open-graphs.js';
import { checkExportFacts } from './export-facts.js';
import type { ModelFolder } from './model-folder.js';
import { readGraphs } from './read-graphs.js';

/**
 * Reads and verifies the graphs of a precision, and holds each to docs/format.md.
 * @throws RangeError if the folder lacks the precision, or a graph is not one of this model; the errors of reading.
 */
export async function loadGraphs(
  folder: ModelFolder,
  manifest: Manifest,
  precision: Precision,
): Promise<ModelGraphs> {
  const { store } = folder;
  const { config } = manifest;
  const variant = variantOf(manifest, precision, store.name);
  const files = await readGraphs(folder, manifest, variant);
  const check = (kind: GraphKind): ModelGraph => {
    const { source, weights, confirm } = files[kind];
    const claims = { kind, config, precision, weights };
    const where = store.locate(variant[kind]);
    const checked = checkGraph(source.model, claims, where);
    checkExportFacts(checked.metadata, manifest, precision, where);
    return { source, confirm, ...checked };
  };
  return { encode: check('encode'), decode: check('decode') };
}

/**
 * Gives the graphs to each ONNX Runtime that is tried. They are read once, also if the first device cannot run them.
 * Apart from other closures, which would keep the weights alive.
 */
export function graphsForRuntimes(folder: ModelFolder, manifest: Manifest, precision: Precision) {
  const read = new Map<boolean, Promise<ModelGraphs>>();
  return ({ mapsFiles: mapping }: Pick<OnnxRuntime, 'mapsFiles'>): Promise<ModelGraphs> => {
    const graphs = read.get(mapping) ?? loadGraphs({ ...folder, mapping }, manifest, precision);
    read.set(mapping, graphs);
    return graphs;
  };
}

function variantOf(manifest: Manifest, precision: Precision, folder: string): GraphVariant {
  if (Object.hasOwn(manifest.variants, precision)) return manifest.variants[precision] as GraphVariant;
  const there = printable(Object.keys(manifest.variants).join(', '));
  throw new RangeError(`loadGlow: ${folder} has no precision "${precision}" (it has: ${there})`);
}

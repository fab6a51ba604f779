import { type GraphVariant, type Manifest, type Precision, printable } from '@glow-onnx/flow/manifest';
import { checkGraph } from '../graphs/check-graph.js';
import type { GraphKind } from '../graphs/signature.js';
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

function variantOf(manifest: Manifest, precision: Precision, folder: string): GraphVariant {
  if (Object.hasOwn(manifest.variants, precision)) return manifest.variants[precision] as GraphVariant;
  const there = printable(Object.keys(manifest.variants).join(', '));
  throw new RangeError(`loadGlow: ${folder} has no precision "${precision}" (it has: ${there})`);
}

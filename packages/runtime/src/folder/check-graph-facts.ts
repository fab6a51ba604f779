import type { GraphVariant, Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { ModelGraphs } from '../sessions/open-graphs.js';
import { checkExportFacts } from './export-facts.js';
import { readGraphMetadata } from './graph-metadata.js';
import type { ModelFolder } from './model-folder.js';

/** Compares the manifest with both graphs of a precision. @throws RangeError or SyntaxError naming graph and field. */
export function checkGraphFacts(
  { store }: Pick<ModelFolder, 'store'>,
  manifest: Manifest,
  precision: Precision,
  graphs: ModelGraphs,
): void {
  const variant = manifest.variants[precision] as GraphVariant;
  for (const graph of ['encode', 'decode'] as const) {
    const where = store.locate(variant[graph]);
    const metadata = readGraphMetadata(graphs[graph].model as Uint8Array, where);
    checkExportFacts(metadata, manifest, precision, where);
  }
}

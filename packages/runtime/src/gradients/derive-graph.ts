import type { GlowConfig, Precision } from '@glow-onnx/flow/manifest';
import { checkGraph } from '../graphs/check-graph.js';
import type { DerivedKind, GraphKind } from '../graphs/signature.js';
import type { ModelGraph } from '../sessions/open-graphs.js';
import { checkGradientPrecision } from './check-precision.js';
import { featureGraph } from './feature-graph.js';
import { gradientGraph } from './gradient-graphs.js';
import type { FolderGraph } from './graph-values.js';
import { surpriseGraph } from './surprise-graph.js';

/** The graphs that are built here: of which graph of the folder, how, and their name in messages. */
const derivations: Readonly<
  Record<
    DerivedKind,
    { of: GraphKind; build(source: FolderGraph, config: GlowConfig): Uint8Array; name: string }
  >
> = {
  'encode-gradient': gradientOf('encode'),
  'decode-gradient': gradientOf('decode'),
  'encode-surprise': { of: 'encode', build: surpriseGraph, name: 'encode with its terms in place' },
  'encode-features': { of: 'encode', build: featureGraph, name: 'encode with its activations' },
};

function gradientOf(kind: GraphKind) {
  const build = (source: FolderGraph) => gradientGraph(kind, source);
  return { of: kind, build, name: `${kind} with its gradient` };
}

/**
 * Builds a graph from one of a folder's graphs, and holds it to docs/format.md like the folder's own.
 * @throws RangeError if a gradient is asked for in a precision that computes in float16.
 */
export function deriveGraph(
  kind: DerivedKind,
  graphs: Readonly<Record<GraphKind, { readonly source: FolderGraph }>>,
  { config, precision }: { readonly config: GlowConfig; readonly precision: Precision },
): ModelGraph {
  if (kind !== 'encode-surprise' && kind !== 'encode-features') checkGradientPrecision(precision);
  const { of, build, name } = derivations[kind];
  const { source } = graphs[of];
  const model = build(source, config);
  const [external] = source.externalData ?? [];
  const weights = external && { path: external.path, bytes: external.data.length };
  return { source: { ...source, model }, ...checkGraph(model, { kind, config, precision, weights }, name) };
}

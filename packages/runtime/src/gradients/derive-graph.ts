import type { GlowConfig, Precision } from '@glow-onnx/flow/manifest';
import { checkGraph } from '../graphs/check-graph.js';
import type { GraphKind } from '../graphs/signature.js';
import type { GraphSource } from '../sessions/create-session.js';
import type { ModelGraph } from '../sessions/open-graphs.js';
import { gradientGraph } from './gradient-graphs.js';

/**
 * Builds the graph of a folder with its derivative, and holds it to docs/format.md like the folder's own.
 * @throws RangeError if the precision computes in float16.
 */
export function deriveGraph(
  kind: GraphKind,
  source: GraphSource & { readonly model: Uint8Array },
  { config, precision }: { readonly config: GlowConfig; readonly precision: Precision },
): ModelGraph {
  if (precision === 'fp16') {
    throw new RangeError(
      'gradients need float32 arithmetic; load the model with precision: "fp32", "fp16-weights" or "int8-weights"',
    );
  }
  const model = gradientGraph(kind, source);
  const [external] = source.externalData ?? [];
  const weights = external && { path: external.path, bytes: external.data.length };
  const checked = checkGraph(
    model,
    { kind: `${kind}-gradient`, config, precision, weights },
    `${kind} with its gradient`,
  );
  return { source: { ...source, model }, ...checked };
}

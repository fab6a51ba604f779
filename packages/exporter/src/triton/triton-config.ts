import { type GlowConfig, latentChannels } from '@glow-onnx/flow/manifest';
import type { GraphKind } from '@glow-onnx/runtime/internal';

/** The most images of a run. Triton puts requests that wait together up to this number. */
const maxBatch = 64;

/**
 * The text of a config.pbtxt: what Triton's ONNX Runtime backend needs to know of a graph. The batch is no part of
 * `dims`; −1 is a free extent.
 */
export function tritonConfig(
  name: string,
  graph: GraphKind,
  file: string,
  config: Pick<GlowConfig, 'channels' | 'levels' | 'classes'>,
): string {
  const { channels, levels, classes } = config;
  const image = [tensor('x', [channels, -1, -1])];
  const latents = Array.from({ length: levels }, (_, level) =>
    tensor(`z${level}`, [latentChannels(config, level), -1, -1]),
  );
  const label = classes > 0 ? [tensor('label', [classes, 1, 1])] : [];
  // A tensor needs an extent beside the batch; reshape says that the graph's has none.
  const logProb = [tensor('log_prob', [1], ' reshape: { shape: [ ] }'), tensor('log_prob_levels', [levels])];
  const [inputs, outputs] = graph === 'encode' ? [image, [...latents, ...logProb]] : [latents, image];
  return [
    `name: ${JSON.stringify(name)}`,
    'backend: "onnxruntime"',
    `default_model_filename: ${JSON.stringify(file)}`,
    `max_batch_size: ${maxBatch}`,
    `input [\n${[...inputs, ...label].join(',\n')}\n]`,
    `output [\n${outputs.join(',\n')}\n]`,
    'dynamic_batching { }',
    '',
  ].join('\n');
}

function tensor(name: string, dims: readonly number[], more = ''): string {
  return `  { name: "${name}" data_type: TYPE_FP32 dims: [ ${dims.join(', ')} ]${more} }`;
}

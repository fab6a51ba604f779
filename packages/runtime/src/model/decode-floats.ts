import { groupBySize } from './batches.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import type { DecodeOptions } from './encode-decode.js';
import type { FloatImage } from './float-image.js';
import type { Latents } from './latents.js';
import { takeLatents } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { runEach } from './run-batches.js';
import { decodeFloatBatch } from './run-graphs.js';

export function decodeFloats(
  parts: ModelParts,
  z: readonly Latents[],
  options: DecodeOptions = {},
): Promise<FloatImage[]> {
  const { manifest, graphs, memory } = parts;
  const { config } = manifest;
  const call = startCall(manifest, 'decodeFloats', z, (image) => `z[${image}]`, options);
  const batches = groupBySize(parts, call, takeLatents(parts, call, z));
  const decoded = runEach(
    call,
    batches,
    (item): item is typeof item => true,
    async (items) => {
      memory.note('decode', items);
      return decodeFloatBatch(await graphs.decoder(), config, items);
    },
  );
  return collect(call, decoded, ({ x, height, width }) => ({
    shape: [config.channels, height, width] as const,
    data: x,
  }));
}

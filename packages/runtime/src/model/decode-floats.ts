import { groupBySize } from './batches.js';
import { type Call, startCall } from './call.js';
import { collect } from './collect.js';
import type { DecodeOptions } from './encode-decode.js';
import type { FloatImage } from './float-image.js';
import type { Failed, LatentsItem } from './item.js';
import type { Latents } from './latents.js';
import { takeLatents } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { runEach } from './run-batches.js';
import { decodeFloatBatch } from './run-graphs.js';
import { drawSamples, type SampleOptions } from './sample.js';

export function decodeFloats(
  parts: ModelParts,
  z: readonly Latents[],
  options: DecodeOptions = {},
): Promise<FloatImage[]> {
  const call = startCall(parts.manifest, 'decodeFloats', z, options, (image) => `z[${image}]`);
  return decodeToFloats(parts, call, takeLatents(parts, call, z));
}

export function sampleFloats(parts: ModelParts, options: SampleOptions = {}): Promise<FloatImage[]> {
  const { call, latents } = drawSamples(parts, 'sampleFloats', options);
  return decodeToFloats(parts, call, latents);
}

function decodeToFloats(
  parts: ModelParts,
  call: Call,
  latents: AsyncIterable<LatentsItem | Failed>,
): Promise<FloatImage[]> {
  const { manifest, graphs, memory } = parts;
  const { config } = manifest;
  const batches = groupBySize(parts, call, latents);
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

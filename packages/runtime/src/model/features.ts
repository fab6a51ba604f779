import { regions } from '../graphs/signature.js';
import type { Fitted } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import type { PrepareOptions } from './encode-decode.js';
import type { FloatImage } from './float-image.js';
import { withGradientMemory } from './gradient.js';
import { loadFloats } from './load-floats.js';
import type { ModelParts } from './model-parts.js';
import { isAny, runEach } from './run-batches.js';
import { featureBatch } from './run-features.js';

/** What the conditioners of a model saw in an image. */
export interface Features {
  /** levels·steps conditioners in the order of the flow, their hidden channels, and 2×2 regions of the image. */
  readonly shape: readonly [conditioners: number, channels: number, rows: 2, columns: 2];
  /** Means of hidden activations over a region, in row-major order; from 0 on unless `hiddenLayer` is `gated`. */
  readonly data: Float32Array;
  /** How the image was brought to another size. Undefined if the model saw it at its own. */
  readonly fitted?: Fitted;
}

export async function features(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: PrepareOptions = {},
): Promise<Features[]> {
  const { config } = parts.manifest;
  // The class of an image changes nothing before the priors, so no label is needed.
  const call = startCall(
    { ...parts.manifest, config: { ...config, classes: 0 } },
    'features',
    images,
    options,
  );
  const graph = await parts.graphs.features();
  const own = withGradientMemory(parts, graph.bytesPerPixel);
  const batches = groupBySize(own, call, loadFloats(own, call, images, options));
  const run = runEach(call, batches, isAny, (items) => featureBatch(graph, config, items));
  const side = Math.sqrt(regions) as 2;
  const shape = [config.levels * config.steps, config.hiddenChannels, side, side] as const;
  return collect(call, run, ({ image, data }) => {
    const fitted = call.fitOf(image);
    return { shape, data, ...(fitted && { fitted }) };
  });
}

import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { GraphRunner } from '../sessions/open-graphs.js';
import { type Failed, failedAt, type ImageItem, type Item } from './item.js';
import { encodeInputs, partsOf } from './run-graphs.js';

/** A number for each pixel of one draw of an image. */
export interface SurpriseItem extends Item {
  /** log p(x) in nats. */
  readonly logProb: number;
  /** Height × width. */
  readonly map: Float32Array;
}

/** −log p(x) in nats, in place, of images of one size. An image whose numbers do not sum to −log p(x) fails. */
export async function surpriseBatch(
  graph: GraphRunner,
  device: Device,
  config: GlowConfig,
  batch: readonly ImageItem[],
): Promise<(SurpriseItem | Failed)[]> {
  const outputs = await graph.run(encodeInputs(config, batch));
  const logProbs = partsOf(outputs, 'log_prob', batch);
  const maps = partsOf(outputs, 'surprise', batch);
  return batch.map((item, i) => {
    const [logProb, map] = [logProbs[i], maps[i]];
    if (logProb instanceof Error) return failedAt(item, logProb);
    if (map instanceof Error) return failedAt(item, map);
    const { image, where, label, height, width } = item;
    const found = (logProb as Float32Array)[0] as number;
    const wrong = sumFault(map as Float32Array, found, config.channels);
    if (wrong) return failedAt(item, new DeviceError(device, 'self-test', `${where}: ${wrong}`));
    return { image, where, label, height, width, logProb: found, map: map as Float32Array };
  });
}

/** Roundings of float32 in the sum, as a share of the sum of sizes. Docs/anomaly-detection.md states it. */
const rounding = 1e-4;

/** What is wrong with a map of one device, whose numbers must sum to −log p(x), or undefined. */
export function sumFault(map: Float32Array, logProb: number, channels: number): string | undefined {
  let [sum, size] = [0, 0];
  for (const value of map) {
    sum += value;
    size += Math.abs(value);
  }
  // Terms of one pixel may cancel, so a nat for each number of the image is allowed for.
  if (Math.abs(sum + logProb) <= rounding * (size + channels * map.length)) return undefined;
  return (
    `the map sums to ${sum} nats, but log p(x) is ${logProb}: this device computes it wrongly; ` +
    'load the model on another device'
  );
}

import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { GraphRunner } from '../sessions/open-graphs.js';
import type { FloatImage } from './float-image.js';
import { type Failed, failedAt, type ImageItem, type Item, type LatentsItem } from './item.js';
import { type LatentLevel, type Latents, levelShapes } from './latents.js';
import { encodeInputs, labelInput, latentInputs, ownLevels, partsOf, stack } from './run-graphs.js';

/** Latents and what multiplies their Jacobian. */
export interface PairItem extends LatentsItem {
  readonly cotangent: Float32Array;
}

/** log p(x) of each image and its gradient. */
export async function encodeGradientBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly ImageItem[],
): Promise<((Item & { logProb: number; gradient: FloatImage }) | Failed)[]> {
  const { height, width } = batch[0] as ImageItem;
  const outputs = await graph.run(encodeInputs(config, batch));
  const logProbs = partsOf(outputs, 'log_prob', batch);
  const gradients = partsOf(outputs, 'gradient', batch);
  return batch.map((item, i) => {
    const [logProb, gradient] = [logProbs[i], gradients[i]];
    if (logProb instanceof Error) return failedAt(item, logProb);
    if (gradient instanceof Error) return failedAt(item, gradient);
    return {
      ...placeOf(item),
      logProb: (logProb as Float32Array)[0] as number,
      gradient: { shape: [config.channels, height, width], data: (gradient as Float32Array).slice() },
    };
  });
}

/** decode(z) of each of the latents, and the transposed Jacobian times the cotangent. */
export async function decodeGradientBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly PairItem[],
): Promise<((Item & { x: FloatImage; gradient: Latents }) | Failed)[]> {
  const { height, width } = batch[0] as PairItem;
  const shape = [config.channels, height, width] as const;
  const cotangent = stack(
    batch.map((item) => item.cotangent),
    shape,
  );
  const zeros = { shape: cotangent.shape, data: new Float32Array(cotangent.data.length) };
  const outputs = await graph.run({
    ...latentInputs(config, batch),
    ...labelInput(config, batch),
    ...{ target: zeros, weight: zeros, cotangent },
  });
  const shapes = levelShapes(config, height, width);
  const levels = shapes.map((_, level) => partsOf(outputs, `dz${level}`, batch));
  const images = partsOf(outputs, 'x', batch);
  return batch.map((item, i) => {
    const parts = [images[i], ...levels.map((level) => level[i])];
    const bad = parts.find((part) => part instanceof Error);
    if (bad) return failedAt(item, bad);
    const [x, ...gradient] = parts as [Float32Array, ...Float32Array[]];
    return {
      ...placeOf(item),
      x: { shape, data: x.slice() },
      gradient: { levels: ownLevels(shapes, gradient) as LatentLevel[] },
    };
  });
}

function placeOf({ image, where, label, height, width }: Item): Item {
  return { image, where, label, height, width };
}

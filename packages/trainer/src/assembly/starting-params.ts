import {
  type Checkpoint,
  type Float64Tensor,
  type Glow,
  initialParams,
  type LayerParams,
} from '@glow-onnx/flow';

/**
 * The parameters from which an engine starts: those of a new model, or the averaged ones of a checkpoint, which validation
 * and export use. A checkpoint without a dequantiser gets a new one if the model has one.
 */
export function startingParams(
  glow: Glow,
  seed: number,
  checkpoint: Pick<Checkpoint, 'params' | 'ema'> | undefined,
): LayerParams<Float64Tensor> {
  if (!checkpoint) return initialParams(glow, seed);
  const { params, ema } = checkpoint;
  const initial = glow.dequantiser ? initialParams(glow, seed).trainable : {};
  return { trainable: { ...initial, ...(ema ?? params.trainable) }, fixed: params.fixed };
}

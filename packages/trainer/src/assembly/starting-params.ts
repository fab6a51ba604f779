import {
  type Checkpoint,
  type Float64Tensor,
  type Glow,
  initialParams,
  type LayerParams,
} from '@glow-onnx/flow';

/**
 * The parameters from which an engine starts: those of a new model, or the averaged ones of a checkpoint, which validation
 * and export use. What the model has and the checkpoint lacks, a dequantiser or a table of classes, starts as in a new model.
 */
export function startingParams(
  glow: Glow,
  seed: number,
  checkpoint: Pick<Checkpoint, 'params' | 'ema'> | undefined,
): LayerParams<Float64Tensor> {
  if (!checkpoint) return initialParams(glow, seed);
  const { params, ema } = checkpoint;
  const own = ema ?? params.trainable;
  const isWhole = glow.params.every(({ name, kind }) => kind !== 'trainable' || Object.hasOwn(own, name));
  return {
    trainable: isWhole ? own : { ...initialParams(glow, seed).trainable, ...own },
    fixed: params.fixed,
  };
}

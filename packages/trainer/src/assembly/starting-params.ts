import {
  type Checkpoint,
  createGlow,
  type Float64Tensor,
  type Glow,
  initialParams,
  type LayerParams,
} from '@glow-onnx/flow';

/**
 * The parameters from which an engine starts: those of a new model, or the averaged ones of a checkpoint, which validation
 * and export use. What the model has beyond the model of the checkpoint, a dequantiser or a table of classes, starts as in a
 * new model.
 */
export function startingParams(
  glow: Glow,
  seed: number,
  checkpoint: Pick<Checkpoint, 'config' | 'params' | 'ema'> | undefined,
): LayerParams<Float64Tensor> {
  if (!checkpoint) return initialParams(glow, seed);
  const { config, params, ema } = checkpoint;
  const known = new Set(createGlow(config).params.map(({ name }) => name));
  const added = glow.params.map(({ name }) => name).filter((name) => !known.has(name));
  const { trainable } = added.length > 0 ? initialParams(glow, seed) : params;
  const beyond = Object.fromEntries(added.map((name) => [name, trainable[name]]));
  return { trainable: { ...beyond, ...(ema ?? params.trainable) }, fixed: params.fixed };
}

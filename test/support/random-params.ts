import {
  createRandom,
  type Float64Tensor,
  type Glow,
  initialParams,
  type LayerParams,
  tensor,
} from '@glow-onnx/flow';
import { type Random, sizeOf } from '@glow-onnx/flow/internal';

/** A tensor of normal numbers with this standard deviation. */
export function randomTensor(shape: readonly number[], random: Random, deviation = 1): Float64Tensor {
  return tensor(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => deviation * random.normal()),
  );
}

/**
 * Parameters of which none is zero, small enough that the model stays well conditioned: what training starts
 * from plus noise, so that zero-initialised convolutions do something too. Values are float32 numbers.
 */
export function randomParams(glow: Glow, seed: number, deviation = 0.05): LayerParams<Float64Tensor> {
  const { trainable, fixed } = initialParams(glow, seed);
  const random = createRandom(seed, 1_000_003);
  const perturbed = Object.entries(trainable).map(([name, { shape, data }]) => [
    name,
    tensor(
      shape,
      data.map((value) => Math.fround(value + deviation * random.normal())),
    ),
  ]);
  return { trainable: Object.fromEntries(perturbed), fixed };
}

/** One-hot labels 0, 1, 2 … as an image batch × classes × 1 × 1; undefined for a model without classes. */
export function labelsFor(classes: number, batch: number): Float64Tensor | undefined {
  if (classes === 0) return undefined;
  const label = new Float64Array(batch * classes);
  for (let i = 0; i < batch; i++) label[i * classes + (i % classes)] = 1;
  return tensor([batch, classes, 1, 1], label);
}

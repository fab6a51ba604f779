import {
  createGlow,
  type Float64Tensor,
  type FlowWeights,
  float64Ops,
  type GlowConfig,
  tensor,
} from '@glow-onnx/flow';

/**
 * −log p(x) in nats for each pixel, in float64, batch × height × width: walks through the layers one by one and writes
 * each term where it belongs. It shares no sum with `encode`, and no code with the graphs.
 */
export function surpriseReference(
  config: GlowConfig,
  weights: FlowWeights<Float64Tensor>,
  x: Float64Tensor,
  label?: Float64Tensor,
): Float64Tensor {
  const [batch, , height, width] = x.shape as [number, number, number, number];
  const map = tensor([batch, height, width], new Float64Array(batch * height * width));
  /** Takes a number off each cell of the images, evenly over its pixels. */
  const take = (
    [, channels, rows, columns]: readonly number[],
    term: (n: number, c: number, i: number, j: number) => number,
  ) => {
    const [high, wide] = [height / rows, width / columns];
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        for (let at = 0; at < height * width; at++) {
          const [row, column] = [Math.floor(at / width), at % width];
          const value = term(n, c, Math.floor(row / high), Math.floor(column / wide));
          map.data[n * height * width + at] -= value / (high * wide);
        }
      }
    }
  };
  let h = x;
  createGlow(config).levels.forEach((level, l) => {
    for (const { name, layer } of level.layers) {
      if (name === 'logit') {
        const range = config.logitRange;
        take(h.shape, (n, c, i, j) => {
          const p = 0.5 + range * at(h, n, c, i, j);
          return Math.log(range / (p * (1 - p)));
        });
      }
      const { y, logDet } = layer.forward(float64Ops, h, weights[name] ?? {});
      const [, , rows, columns] = y.shape as [number, number, number, number];
      const { perPixel, elements } = logDet;
      if (perPixel) take([batch, 1, rows, columns], () => perPixel.data[0] as number);
      if (elements) take(elements.shape, (...place) => at(elements, ...place));
      h = y;
    }
    const [first, second] = level.split ? float64Ops.split(h, level.latentChannels) : [h, h];
    const [z, rest] = level.split === 'second' ? [second, first] : [first, second];
    const prior = level.prior.distribution(float64Ops, weights[`levels.${l}.prior`] ?? {}, rest, label);
    take(z.shape, (...place) => {
      const [mean, logSd] = prior ? [at(prior.mean, ...place), at(prior.logSd, ...place)] : [0, 0];
      const standard = (at(z, ...place) - mean) / Math.exp(logSd);
      return -(standard ** 2) / 2 - logSd - Math.log(2 * Math.PI) / 2;
    });
    h = rest;
  });
  return map;
}

/** An element of an image, whose extents of 1 stretch. */
function at({ shape, data }: Float64Tensor, n: number, c: number, i: number, j: number): number {
  const index = [n, c, i, j].reduce((sum, place, axis) => {
    const extent = shape[axis] as number;
    return sum * extent + (extent === 1 ? 0 : place);
  }, 0);
  return data[index] as number;
}

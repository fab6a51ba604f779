import { createRandom } from '@glow-onnx/flow';
import { statisticsOf } from '../../examples/probe/train-probe.mjs';
import { fastProducts } from './products.mjs';

/** The map from a row to its first `count` principal components, by subspace iteration over all rows. */
export async function principalComponents(rows, count, rounds = 10) {
  const features = rows[0].length;
  const { times, transposedTimes } = fastProducts(rows, count);
  const { mean } = statisticsOf(rows);
  const { normal } = createRandom(1);
  let basis = orthonormal(Float64Array.from({ length: features * count }, normal), count);
  for (let round = 0; round < rounds; round++) {
    basis = orthonormal(await transposedTimes(centred(await times(basis), count)), count);
  }
  const { times: project } = fastProducts([Float32Array.from(mean)], count);
  const centre = await project(basis);
  return async (others) => {
    const found = await fastProducts(others, count).times(basis);
    return others.map((_, i) =>
      Float32Array.from({ length: count }, (_, c) => found[i * count + c] - centre[c]),
    );
  };
}

/** Without the mean of each column. */
function centred(columns, count) {
  const rows = columns.length / count;
  const mean = new Float64Array(count);
  for (const [i, value] of columns.entries()) mean[i % count] += value / rows;
  return columns.map((value, i) => value - mean[i % count]);
}

/** Gram and Schmidt, each column against those before it. */
function orthonormal(columns, count) {
  const rows = columns.length / count;
  const result = columns.slice();
  const dot = (a, b) => {
    let sum = 0;
    for (let j = 0; j < rows; j++) sum += result[j * count + a] * result[j * count + b];
    return sum;
  };
  for (let c = 0; c < count; c++) {
    for (let before = 0; before < c; before++) {
      const share = dot(before, c);
      for (let j = 0; j < rows; j++) result[j * count + c] -= share * result[j * count + before];
    }
    const length = Math.sqrt(dot(c, c));
    for (let j = 0; j < rows; j++) result[j * count + c] /= length;
  }
  return result;
}

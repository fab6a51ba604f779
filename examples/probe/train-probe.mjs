// A linear probe: multinomial logistic regression on features, with a penalty on the squares of its weights.
import { minimise } from './minimise.mjs';
import { plainProducts } from './products.mjs';
import { inSpan } from './span.mjs';

/**
 * @typedef {{ classes: number, weights: Float64Array, bias: Float64Array }} Probe
 * weights: [features, classes]; a row belongs to the feature as it is, not standardised.
 */

/**
 * Trains a probe. Each feature counts in units of its deviation over the rows, divided by √features, so the same penalty
 * suits features of every number and size. Fewer rows than features are searched in their span, which has the same
 * minimum.
 * @param {ArrayLike<number>[]} rows the features of each picture, of one length
 * @param {ArrayLike<number>} labels the class of each, from 0 on
 * @param {{ penalty?: number, iterations?: number, products?: typeof plainProducts }} [options] the penalty, half of which
 * multiplies the sum of squares, beside the mean loss in nats; products computes with all rows, where plain JavaScript is
 * too slow, and nothing is then searched in a span
 * @returns {Promise<Probe>}
 * @throws {RangeError} if rows and labels do not fit together, or a feature is not finite.
 * @example
 * const described = await glow.features(pictures);
 * const probe = await trainProbe(described.map(({ data }) => data), labels);
 * const [best] = predict(probe, (await glow.features(other)).map(({ data }) => data)); // a class
 */
export async function trainProbe(rows, labels, { penalty = 1e-4, iterations = 200, products } = {}) {
  const features = rows[0]?.length ?? 0;
  if (rows.length === 0 || rows.length !== labels.length) {
    throw new RangeError(
      `trainProbe: expected a label for each row, got ${rows.length} rows and ${labels.length} labels`,
    );
  }
  if (rows.some((row) => row.length !== features))
    throw new RangeError('trainProbe: the rows differ in length');
  const classes = 1 + Array.prototype.reduce.call(labels, (most, label) => Math.max(most, label), 0);
  if (!Array.prototype.every.call(labels, (label) => Number.isInteger(label) && label >= 0)) {
    throw new RangeError('trainProbe: a label must be an integer from 0 on');
  }
  const statistics = statisticsOf(rows);
  if (!statistics.mean.every(Number.isFinite)) throw new RangeError('trainProbe: a feature is not finite');
  const search = { labels, classes, penalty, iterations };
  if (products || rows.length >= features) {
    const use = products ?? plainProducts;
    return asTheyAre(await leastLoss(rows, statistics, { ...search, products: use }), statistics);
  }
  const span = inSpan(rows.map((row) => standardised(row, statistics)));
  const plain = { mean: new Float64Array(rows.length), scale: new Float64Array(rows.length).fill(1) };
  const { weights, bias } = await leastLoss(span.rows, plain, { ...search, products: plainProducts });
  return asTheyAre({ classes, weights: span.weightsOf(weights, classes), bias }, statistics);
}

/**
 * The most likely class of each row.
 * @param {Probe} probe
 * @param {ArrayLike<number>[]} rows
 * @returns {number[]}
 * @throws {RangeError} if a feature is not finite.
 */
export function predict(probe, rows) {
  return probabilities(probe, rows).map((own) => own.indexOf(Math.max(...own)));
}

/**
 * The probability of each class, for each row.
 * @param {Probe} probe
 * @param {ArrayLike<number>[]} rows
 * @returns {number[][]}
 * @throws {RangeError} if a feature is not finite.
 */
export function probabilities({ classes, weights, bias }, rows) {
  const products = plainProducts(rows, classes).times(weights);
  return rows.map((_, i) => {
    const logits = Array.from(bias, (value, c) => products[i * classes + c] + value);
    if (!logits.every(Number.isFinite)) throw new RangeError('predict: a feature is not finite');
    const most = Math.max(...logits);
    const parts = logits.map((logit) => Math.exp(logit - most));
    const sum = parts.reduce((total, part) => total + part, 0);
    return parts.map((part) => part / sum);
  });
}

/** The mean of each feature, and its deviation times √features. Features that hardly vary count as little as they vary. */
export function statisticsOf(rows) {
  const features = rows[0].length;
  const mean = new Float64Array(features);
  const deviation = new Float64Array(features);
  for (const row of rows) for (let j = 0; j < features; j++) mean[j] += row[j] / rows.length;
  for (const row of rows) {
    for (let j = 0; j < features; j++) deviation[j] += (row[j] - mean[j]) ** 2 / rows.length;
  }
  const typical = deviation.reduce((sum, square) => sum + Math.sqrt(square) / features, 0);
  const least = 0.01 * typical || 1; // no row differs from another
  return { mean, scale: deviation.map((square) => (Math.sqrt(square) + least) * Math.sqrt(features)) };
}

function standardised(row, { mean, scale }) {
  return Float64Array.from(row, (value, j) => (value - mean[j]) / scale[j]);
}

/** The probe of least penalised loss, whose weights are those of standardised features. */
async function leastLoss(rows, { mean, scale }, { labels, classes, penalty, iterations, products }) {
  const features = rows[0].length;
  const { times, transposedTimes } = products(rows, classes);
  const probeOf = (x) => ({
    classes,
    weights: x.subarray(0, features * classes),
    bias: x.subarray(features * classes),
  });
  const lossAt = async (x) => {
    const probe = asTheyAre(probeOf(x), { mean, scale });
    const { loss, errors } = crossEntropy(await times(probe.weights), probe, labels);
    const total = new Float64Array(classes);
    for (let i = 0; i < errors.length; i++) total[i % classes] += errors[i];
    const ofProducts = await transposedTimes(errors);
    const gradient = new Float64Array(x.length);
    let squares = 0;
    for (let j = 0; j < features; j++) {
      for (let c = 0; c < classes; c++) {
        const at = j * classes + c;
        gradient[at] = (ofProducts[at] - mean[j] * total[c]) / scale[j] + penalty * x[at];
        squares += x[at] ** 2;
      }
    }
    gradient.set(total, features * classes);
    return { value: loss + (penalty / 2) * squares, gradient };
  };
  return probeOf(await minimise(lossAt, new Float64Array((features + 1) * classes), iterations, 1e-5));
}

/** From the weights of standardised features to those of features as they are. */
function asTheyAre({ classes, weights, bias }, { mean, scale }) {
  const own = { classes, weights: new Float64Array(weights.length), bias: bias.slice() };
  for (let j = 0; j < mean.length; j++) {
    for (let c = 0; c < classes; c++) {
      const weight = weights[j * classes + c] / scale[j];
      own.weights[j * classes + c] = weight;
      own.bias[c] -= mean[j] * weight;
    }
  }
  return own;
}

/** The mean loss in nats, and its derivative with respect to the logits. */
function crossEntropy(products, { classes, bias }, labels) {
  const errors = new Float64Array(products.length);
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const logits = Array.from({ length: classes }, (_, c) => products[i * classes + c] + bias[c]);
    const most = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
    loss += most + Math.log(sum) - logits[labels[i]];
    for (let c = 0; c < classes; c++) {
      const probability = Math.exp(logits[c] - most) / sum;
      errors[i * classes + c] = (probability - Number(c === labels[i])) / labels.length;
    }
  }
  return { loss: loss / labels.length, errors };
}

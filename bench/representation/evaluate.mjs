// How well labels can be told from rows: a linear probe, and the labels of the nearest neighbours.
import { createRandom } from '@glow-onnx/flow';
import { shuffle } from '@glow-onnx/flow/internal';
import { statisticsOf, trainProbe } from '../../examples/probe/train-probe.mjs';
import { fastProducts, matrixOf, product } from './products.mjs';

/** Powers of ten: where the search of a penalty begins, and where it ends in any case. */
const [firstPower, leastPower, mostPower] = [-5, -12, 3];
/** Most steps of the search with few labels, and where a penalty for many is chosen. */
const fewIterations = 60;
const neighbours = [1, 3, 5, 10, 20];
/** The number of neighbours is chosen on as many rows, at most. */
const neighbourRows = 2000;
/** Draws of few labels by which a penalty is chosen; those that are reported are others. */
const choosingSeeds = [101, 102];

/**
 * The share of test rows whose class a probe tells, trained on all rows but those for validation.
 * @param data { rows, labels, validation, testRows, testLabels }; the last `validation` rows choose the penalty
 */
export async function fullProbe(data, iterations) {
  const count = data.rows.length - data.validation;
  const few = Math.min(count, 10_000); // a penalty is chosen on these
  const penalty = await choosePenalty(data, [firsts(few)]);
  const probe = await probeOf(data, firsts(count), penalty, iterations);
  return { penalty, accuracy: await share(probe, data.testRows, data.testLabels) };
}

/** The same with few labels, drawn by each seed, as many of each class. */
export async function fewProbes(data, labels, seeds) {
  const penalty = await choosePenalty(
    data,
    choosingSeeds.map((seed) => drawn(data, labels, seed)),
  );
  const found = [];
  for (const seed of seeds) {
    const probe = await probeOf(data, drawn(data, labels, seed), penalty, fewIterations);
    found.push({ penalty, seed, accuracy: await share(probe, data.testRows, data.testLabels) });
  }
  return found;
}

/** The share whose class most of the nearest rows have, among the first rows. The number of neighbours is chosen as above. */
export async function nearest(data, among, queries) {
  const scaled = standardise(data.rows.slice(0, among));
  const kept = data.rows.length - data.validation;
  const own = data.rows.slice(kept, kept + neighbourRows);
  const chosenOn = await votes(scaled, data, own, data.labels.subarray(kept));
  const k = best(neighbours, (k) => chosenOn(k));
  const found = await votes(scaled, data, data.testRows.slice(0, queries), data.testLabels);
  return { neighbours: k, among, queries, accuracy: found(k) };
}

/** The power of ten that tells most of the rows for validation, such that neither of its neighbours tells more. */
async function choosePenalty(data, draws) {
  const kept = data.rows.length - data.validation;
  const right = new Map(); // by power
  const score = async (power) => {
    if (right.has(power)) return right.get(power);
    let sum = 0;
    for (const places of draws) {
      const probe = await probeOf(data, places, Number(`1e${power}`), fewIterations);
      sum += await share(probe, data.rows.slice(kept), data.labels.subarray(kept));
    }
    right.set(power, sum);
    return sum;
  };
  let chosen;
  let next = firstPower;
  while (next !== chosen) {
    chosen = next;
    for (const power of [chosen - 1, chosen + 1]) {
      const isWithin = power >= leastPower && power <= mostPower;
      if (isWithin && (await score(power)) > (await score(next))) next = power;
    }
  }
  return Number(`1e${chosen}`);
}

function probeOf({ rows, labels }, places, penalty, iterations) {
  return trainProbe(
    places.map((i) => rows[i]),
    places.map((i) => labels[i]),
    { penalty, iterations, products: fastProducts },
  );
}

async function share({ classes, weights, bias }, rows, labels) {
  const logits = await fastProducts(rows, classes).times(weights);
  const isRight = (_, i) => {
    const own = logits.subarray(i * classes, (i + 1) * classes).map((value, c) => value + bias[c]);
    return own.indexOf(Math.max(...own)) === labels[i];
  };
  return rows.filter(isRight).length / rows.length;
}

/** Places of as many rows of each class, none of them for validation. */
export function drawn({ labels, validation }, count, seed) {
  const places = [...shuffle(firsts(labels.length - validation), createRandom(seed))];
  return Array.from({ length: 10 }, (_, c) =>
    places.filter((i) => labels[i] === c).slice(0, count / 10),
  ).flat();
}

/** Rows as the probe sees them. */
function standardise(rows) {
  const { mean, scale } = statisticsOf(rows);
  const map = (row) => row.map((value, j) => (value - mean[j]) / scale[j]);
  return { matrix: matrixOf(rows.map(map)), map };
}

/** For a number of neighbours, the share of the rows whose label most of them have; the nearest of them decides ties. */
async function votes({ matrix, map }, { labels }, rows, own) {
  const [count, features] = matrix.shape;
  const squares = Array.from({ length: count }, (_, i) =>
    matrix.data.subarray(i * features, (i + 1) * features).reduce((sum, value) => sum + value * value, 0),
  );
  const most = Math.max(...neighbours);
  const found = [];
  for (let first = 0; first < rows.length; first += 500) {
    const part = matrixOf(rows.slice(first, first + 500).map(map));
    const products = await product(part, matrix, { transposeB: true });
    for (let i = 0; i < part.shape[0]; i++) {
      const distance = (j) => squares[j] - 2 * products[i * count + j];
      found.push(smallest(count, most, distance).map((j) => labels[j]));
    }
  }
  return (k) => found.filter((near, i) => winner(near.slice(0, k)) === own[i]).length / found.length;
}

/** The places of the smallest of `count` values, in their order. */
function smallest(count, most, measure) {
  const near = []; // { j, value }
  for (let j = 0; j < count; j++) {
    const value = measure(j);
    if (near.length === most && value >= near[most - 1].value) continue;
    let at = near.length;
    while (at > 0 && near[at - 1].value > value) at--;
    near.splice(at, 0, { j, value });
    if (near.length > most) near.pop();
  }
  return near.map(({ j }) => j);
}

function winner(near) {
  const count = (label) => near.filter((other) => other === label).length;
  return best(near, count);
}

/** The first of the candidates with the highest value. */
function best(candidates, score) {
  return candidates.reduce((a, b) => (score(b) > score(a) ? b : a));
}

function firsts(count) {
  return Array.from({ length: count }, (_, i) => i);
}

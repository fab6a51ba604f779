import { dot } from './products.mjs';

/** Pairs of steps and changes of the gradient that are kept. */
const memory = 10;

/**
 * The minimum of a smooth convex function, by L-BFGS with backtracking.
 * @param {(x: Float64Array) => Promise<{ value: number, gradient: Float64Array }>} f
 * @param {Float64Array} start
 * @param {number} iterations most steps
 * @param {number} tolerance ends when no number of the gradient is larger
 * @returns {Promise<Float64Array>}
 * Source: Nocedal and Wright 2006, algorithm 7.4.
 * @example
 * const x = await minimise(async ([x]) => ({ value: x * x, gradient: Float64Array.of(2 * x) }), Float64Array.of(3), 50, 1e-9);
 */
export async function minimise(f, start, iterations, tolerance) {
  let x = start;
  let { value, gradient } = await f(x);
  const pairs = [];
  for (let i = 0; i < iterations && gradient.some((g) => Math.abs(g) > tolerance); i++) {
    const direction = directionOf(gradient, pairs);
    const slope = dot(direction, gradient);
    let step = i === 0 ? 1 / Math.sqrt(dot(gradient, gradient)) : 1;
    let [next, found] = await tried(f, x, direction, step);
    while (!(found.value <= value + 1e-4 * step * slope)) {
      step /= 2;
      if (step < 1e-10) return x; // rounding leaves nothing to gain
      [next, found] = await tried(f, x, direction, step);
    }
    const [moved, change] = [minus(next, x), minus(found.gradient, gradient)];
    if (dot(moved, change) > 0) pairs.push({ moved, change, along: dot(moved, change) });
    if (pairs.length > memory) pairs.shift();
    [x, value, gradient] = [next, found.value, found.gradient];
  }
  return x;
}

async function tried(f, x, direction, step) {
  const next = x.map((v, i) => v + step * direction[i]);
  return [next, await f(next)];
}

/** Minus the gradient times the approximate inverse of the second derivative. */
function directionOf(gradient, pairs) {
  const q = gradient.slice();
  const weights = new Map();
  for (const pair of pairs.toReversed()) {
    const weight = dot(pair.moved, q) / pair.along;
    weights.set(pair, weight);
    add(q, pair.change, -weight);
  }
  const last = pairs.at(-1);
  const scale = last ? last.along / dot(last.change, last.change) : 1;
  for (let i = 0; i < q.length; i++) q[i] *= scale;
  for (const pair of pairs) add(q, pair.moved, weights.get(pair) - dot(pair.change, q) / pair.along);
  return q.map((v) => -v);
}

function add(to, other, factor) {
  for (let i = 0; i < to.length; i++) to[i] += factor * other[i];
}

function minus(a, b) {
  return a.map((v, i) => v - b[i]);
}

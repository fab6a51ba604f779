import { createRandom, tensor } from '@glow-onnx/flow';
import { filled, inverse, logAbsDet, lu, luParams, matmul } from '@glow-onnx/flow/internal';
import {
  identity,
  permutationMatrix,
  randomOrthogonal,
  transpose,
} from '../../../packages/flow/src/arithmetic/linalg.js';
import { relativeError } from '../../support/numeric.js';
import { randomTensor } from '../../support/random-params.js';

/** float64 rounding, times a condition number of at most a few thousand. */
const EXACT = 1e-11;

test('log|det| and inverse of a 2×2 matrix are those of the textbook', () => {
  const w = tensor([2, 2], [1, 2, 3, 4]); // determinant −2
  expect(logAbsDet(w)).toBeCloseTo(Math.log(2), 14);
  expect(relativeError(inverse(w).data, [-2, 1, 1.5, -0.5])).toBeLessThan(EXACT);
});

test.each([1, 2, 7, 48])('P·L·U is the matrix it came from, and its inverse inverts it (n = %i)', (n) => {
  const w = randomTensor([n, n], createRandom(n));
  const { permutation, lower, upper } = lu(w);
  expect(
    relativeError(matmul(permutationMatrix(permutation), matmul(lower, upper)).data, w.data),
  ).toBeLessThan(EXACT);
  expect(relativeError(matmul(w, inverse(w)).data, identity(n).data)).toBeLessThan(EXACT);
});

test('a permutation takes (P·x)[i] from x[p[i]]', () => {
  const x = tensor([3, 1], [10, 20, 30]);
  expect([...matmul(permutationMatrix([2, 0, 1]), x).data]).toEqual([30, 10, 20]);
});

test('a random orthogonal matrix has orthonormal rows and log|det| 0', () => {
  const w = randomOrthogonal(24, createRandom(1).normal);
  expect(relativeError(matmul(w, transpose(w)).data, identity(24).data)).toBeLessThan(EXACT);
  expect(Math.abs(logAbsDet(w))).toBeLessThan(EXACT);
});

test('a singular matrix has log|det| −Infinity, no inverse and no LU parameters', () => {
  const w = filled([3, 3], 2);
  expect(logAbsDet(w)).toBe(Number.NEGATIVE_INFINITY);
  expect(() => inverse(w)).toThrow(/singular: pivot 2 is 0/);
  expect(() => luParams(w)).toThrow(/singular: pivot 1 is 0/);
});

test('shapes that do not chain or are not square are refused', () => {
  expect(() => matmul(filled([2, 3]), filled([2, 3]))).toThrow('[2, 3] and [2, 3] do not match');
  expect(() => inverse(filled([2, 3]))).toThrow('expected n×n, got [2, 3]');
});

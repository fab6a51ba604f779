import { concat, slice } from './arrangement.js';
import { isStatic, type Shape } from './dims.js';
import { add, mul } from './elementwise.js';
import { type Contribution, type PartGradient, rules, whole } from './gradient-rules.js';
import { reach } from './graph.js';
import { constant, describe, type Source, scalar, type Value } from './value.js';

/** A value and the gradient of the loss with respect to it. */
export interface Cotangent {
  readonly value: Value;
  readonly gradient: Value;
}

/**
 * The gradient of a scalar with respect to each of `wrt`, as values of the same shapes, by reverse-mode
 * differentiation. Operators with a rule: those of `rules` in gradient-rules.ts. Convolutions are differentiated with
 * respect to the image alone. gemm, reshape, permute and pad need shapes of numbers.
 * @throws RangeError if `of` is not a scalar, does not depend on one of `wrt`, or depends on it through an operator
 * without a rule.
 * @example
 * const loss = reduceSum(mul(error, error), [0, 1]);
 * const [dWeight, dBias] = gradient(loss, [weight, bias]);
 */
export function gradient(of: Value, wrt: readonly Value[]): Value[] {
  if (of.shape.length > 0) throw new RangeError(`gradient: expected a scalar, got ${describe(of)}`);
  return backward([{ value: of, gradient: constant([], [1]) }], wrt).map((result, i) => {
    if (result) return result;
    throw new RangeError(
      `gradient: ${describe(of)} does not depend on ${describe(wrt[i])}; remove it from wrt, or use it in the graph`,
    );
  });
}

/**
 * Carries gradients back from some values to others. For a loss that depends on the graph through `from` alone, returns
 * the gradient with respect to each of `to`, or undefined if the loss does not depend on it.
 * @param leaves values that count as inputs: `to` may name them, but gradients do not pass through them.
 * @throws RangeError naming an operator without a rule.
 */
export function backward(
  from: readonly Cotangent[],
  to: readonly Value[],
  leaves: readonly Value[] = [],
): (Value | undefined)[] {
  const given = new Set(leaves.map(({ source }) => source));
  const ends = from.map(({ value }) => ({ ...value, name: value.name ?? 'gradient' }));
  const order = reach(ends, given).map(({ value }) => value);
  const wanted = new Set(to.map(({ source }) => source));
  const depending = new Set<Source>();
  for (const { source } of order) {
    const inner = source.kind === 'node' && !given.has(source);
    const inputs = inner ? (source.adjoint ? [source.adjoint.of] : source.inputs) : [];
    const depends = inputs.some((input) => depending.has(input.source));
    if (depends || wanted.has(source)) depending.add(source);
  }
  const contributions = new Map<Source, Contribution[]>();
  const contribute = ({ source }: Value, contribution: Contribution): void => {
    const others = contributions.get(source);
    if (others) others.push(contribution);
    else contributions.set(source, [contribution]);
  };
  for (const { value, gradient } of from) contribute(value, gradient);
  const found = new Map<Source, Value>();
  for (const value of order.toReversed()) {
    const { source } = value;
    const uses = contributions.get(source);
    if (!uses || !depending.has(source)) continue;
    contributions.delete(source);
    const total = sum(value, uses);
    if (wanted.has(source)) found.set(source, whole(total, value));
    if (source.kind !== 'node' || given.has(source)) continue;
    if (source.adjoint) {
      contribute(source.adjoint.of, source.adjoint.gradient(whole(total, value)));
      continue;
    }
    const rule = rules[source.operator];
    if (!rule) {
      throw new RangeError(
        `gradient: no rule for ${describe(value)}; add one for ${source.operator} to gradient-rules.ts`,
      );
    }
    const gradients = rule(value, source, total);
    for (const [i, input] of source.inputs.entries()) {
      if (!depending.has(input.source)) continue;
      const contribution = gradients[i]?.();
      if (!contribution)
        throw new RangeError(`gradient: the rule of ${source.operator} has no gradient for input ${i}`);
      contribute(input, contribution);
    }
  }
  return to.map(({ source }) => found.get(source));
}

/** Sums contributions. Adjacent parts, such as those of a split, become one Concat. */
function sum(value: Value, contributions: readonly Contribution[]): Value {
  const parts = contributions.filter((use): use is PartGradient => 'axis' in use);
  const wholes = contributions.filter((use): use is Value => !('axis' in use));
  while (parts.length > 0) {
    const { axis } = parts[0];
    let end = 0;
    const row: Value[] = [];
    const fill = (to: number) => {
      if (to > end) row.push(zeros(value, axis, end, to));
      end = to;
    };
    for (const part of parts.filter((other) => other.axis === axis).sort((a, b) => a.start - b.start)) {
      if (part.start < end) continue; // it overlaps: a later round takes it
      fill(part.start);
      row.push(part.value);
      end += part.value.shape[axis] as number;
      parts.splice(parts.indexOf(part), 1);
    }
    fill(value.shape[axis] as number);
    wholes.push(concat(row, axis));
  }
  return wholes.reduce((total, use) => add(total, use));
}

/** Zeros with the shape of a part of a value. A shape that is not known comes from the value itself. */
function zeros(value: Value, axis: number, start: number, end: number): Value {
  const part: Shape = value.shape.with(axis, end - start);
  if (!isStatic(part)) return mul(slice(value, axis, start, end), scalar(0));
  return constant(part, new Float64Array(part.reduce((product, n) => product * n, 1)));
}

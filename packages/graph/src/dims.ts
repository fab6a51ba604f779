/** An extent that is known at run time: a named size times `times`/`over`, such as height/2. */
export interface SymbolicDim {
  readonly symbol: string;
  readonly times: number;
  readonly over: number;
}

/** An extent of a shape: a number, or a symbolic size. */
export type Dim = number | SymbolicDim;

/** The extents of a tensor, such as [batch, 3, height, width]; [] for a scalar. */
export type Shape = readonly Dim[];

/**
 * A size with a name that is known at run time.
 * @example
 * const x = input('x', 'float32', [symbol('batch'), 3, symbol('height'), symbol('width')]);
 */
export function symbol(name: string): SymbolicDim {
  return { symbol: name, times: 1, over: 1 };
}

/**
 * The extent times `times`/`over`. A symbolic size is assumed to be divisible: height/2 with a height of 7 is an error
 * at run time.
 */
export function scaleDim(dim: Dim, times: number, over = 1): Dim {
  if (typeof dim === 'number') return (dim * times) / over;
  const divisor = greatestCommonDivisor(dim.times * times, dim.over * over);
  return { symbol: dim.symbol, times: (dim.times * times) / divisor, over: (dim.over * over) / divisor };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

export function sameDim(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.symbol === b.symbol && a.times === b.times && a.over === b.over;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => sameDim(dim, b[i]));
}

/** An extent as text: 12, height/2, 2*height, 3*height/4. It is also the dimension's name in a file. */
export function formatDim(dim: Dim): string {
  if (typeof dim === 'number') return String(dim);
  return `${dim.times === 1 ? '' : `${dim.times}*`}${dim.symbol}${dim.over === 1 ? '' : `/${dim.over}`}`;
}

export function formatShape(shape: Shape): string {
  return `[${shape.map(formatDim).join(', ')}]`;
}

/** Whether every extent is a number. */
export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

/**
 * The shape of an elementwise result. From the right, extents are equal or one extent is 1.
 * [batch, 12, height, width] and [12, 1, 1] → [batch, 12, height, width].
 * @throws RangeError naming `where` and both shapes.
 */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (right === 1 || sameDim(left, right)) return left;
    if (left === 1) return right;
    throw new RangeError(
      `${where}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: ` +
        `expected equal extents or 1, got ${formatDim(left)} and ${formatDim(right)}`,
    );
  });
}

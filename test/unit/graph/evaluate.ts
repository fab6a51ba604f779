import type { Value } from '@glow-onnx/graph';
import { type Attributes, isConstant } from '@glow-onnx/graph/internal';

/** A tensor in float64, row-major. */
export interface Numbers64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Operator = (inputs: readonly Numbers64[], attributes: Attributes) => Numbers64;

/** Evaluates a value in float64, its inputs by name: written from ONNX's definitions, sharing nothing with ours. */
export function evaluate(value: Value, inputs: Readonly<Record<string, Numbers64>>): Numbers64 {
  const known = new Map<unknown, Numbers64>();
  const visit = (v: Value): Numbers64 => {
    const found = known.get(v.source) ?? compute(v);
    known.set(v.source, found);
    return found;
  };
  const compute = (v: Value): Numbers64 => {
    if (isConstant(v)) return { shape: v.shape, data: v.source.data };
    if (v.source.kind !== 'node') return inputs[v.name as string] as Numbers64;
    const operator = operators[v.source.operator];
    if (!operator) throw new Error(`evaluate: no operator ${v.source.operator}`);
    return operator(v.source.inputs.map(visit), v.source.attributes);
  };
  return visit(value);
}

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** A tensor whose element at each place is given by a function of the place. */
function build(shape: readonly number[], at: (place: number[]) => number): Numbers64 {
  const place = shape.map(() => 0);
  const data = Float64Array.from({ length: size(shape) }, () => {
    const value = at(place);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++(place[axis] as number) < (shape[axis] as number)) break;
      place[axis] = 0;
    }
    return value;
  });
  return { shape, data };
}

/** The element at a place, extents of 1 stretched and missing leading axes ignored; 0 outside. */
function read({ shape, data }: Numbers64, place: readonly number[]): number {
  let index = 0;
  for (const [axis, extent] of shape.entries()) {
    const p = extent === 1 ? 0 : (place[place.length - shape.length + axis] as number);
    if (p < 0 || p >= extent) return 0;
    index = index * extent + p;
  }
  return data[index] as number;
}

/** The element at a place of the same rank; 0 outside, also where the extent is 1. */
function readInside(x: Numbers64, place: readonly number[]): number {
  const inside = place.every((p, axis) => p >= 0 && p < (x.shape[axis] as number));
  return inside ? read(x, place) : 0;
}

const unary =
  (f: (x: number) => number): Operator =>
  ([x]) => ({ shape: (x as Numbers64).shape, data: (x as Numbers64).data.map(f) });

function binary(f: (a: number, b: number) => number): Operator {
  return (operands) => {
    const [a, b] = operands as [Numbers64, Numbers64];
    const rank = Math.max(a.shape.length, b.shape.length);
    const extent = (t: Numbers64, axis: number) => t.shape[axis - rank + t.shape.length] ?? 1;
    const shape = Array.from({ length: rank }, (_, axis) => Math.max(extent(a, axis), extent(b, axis)));
    return build(shape, (place) => f(read(a, place), read(b, place)));
  };
}

const operators: Readonly<Record<string, Operator>> = {
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Abs: unary(Math.abs),
  Cast: unary((x) => x),
  Softplus: unary((x) => Math.log(1 + Math.exp(x))),
  Relu: unary((x) => Math.max(x, 0)),
  Identity: unary((x) => x),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  HardSigmoid: ([x], { alpha, beta }) => {
    const [slope, offset] = [alpha, beta].map((attribute) => (attribute as { float: number }).float);
    const f = (v: number) => Math.max(0, Math.min(1, (slope as number) * v + (offset as number)));
    return { shape: (x as Numbers64).shape, data: (x as Numbers64).data.map(f) };
  },
  ReduceSum: (operands, { keepdims }) => {
    const [x, axes] = operands as [Numbers64, Numbers64];
    const summed = new Set(axes.data);
    const kept = x.shape.map((extent, axis) => (summed.has(axis) ? 1 : extent));
    const total = { shape: kept, data: new Float64Array(size(kept)) };
    build(x.shape, (place) => {
      const index = kept.reduce(
        (i, extent, axis) => i * extent + (extent === 1 ? 0 : (place[axis] as number)),
        0,
      );
      total.data[index] = (total.data[index] as number) + read(x, place);
      return 0;
    });
    return keepdims ? total : { ...total, shape: x.shape.filter((_, axis) => !summed.has(axis)) };
  },
  Gemm: (operands, { transA, transB }) => {
    const [a, b, c] = operands as [Numbers64, Numbers64, Numbers64 | undefined];
    const inner = a.shape[transA ? 0 : 1] as number;
    const shape = [a.shape[transA ? 1 : 0] as number, b.shape[transB ? 0 : 1] as number];
    return build(shape, (place) => {
      const [i, j] = place as [number, number];
      let sum = c ? read(c, place) : 0;
      for (let k = 0; k < inner; k++)
        sum += read(a, transA ? [k, i] : [i, k]) * read(b, transB ? [j, k] : [k, j]);
      return sum;
    });
  },
  Reshape: (operands) => {
    const [x, extents] = operands as [Numbers64, Numbers64];
    const shape = [...extents.data].map((extent, axis) =>
      extent === 0 ? (x.shape[axis] as number) : extent,
    );
    const rest = x.data.length / Math.abs(size(shape));
    return { shape: shape.map((extent) => (extent === -1 ? rest : extent)), data: x.data };
  },
  Transpose: ([x], { perm }) => {
    const axes = perm as readonly number[];
    const shape = axes.map((axis) => x?.shape[axis] as number);
    return build(shape, (place) =>
      read(
        x as Numbers64,
        axes.map((_, axis) => place[axes.indexOf(axis)] as number),
      ),
    );
  },
  Expand: (operands) => {
    const [x, extents] = operands as [Numbers64, Numbers64];
    return build([...extents.data], (place) => read(x, place));
  },
  Conv: (operands, { pads, strides }) => {
    const [x, weight, bias] = operands as [Numbers64, Numbers64, Numbers64 | undefined];
    const [outputs, inputs, height, width] = weight.shape as [number, number, number, number];
    const [top, left, bottom, right] = pads as readonly [number, number, number, number];
    const [down, across] = strides as readonly [number, number];
    const [batch, , rows, columns] = x.shape as [number, number, number, number];
    const shape = [
      batch,
      outputs,
      Math.floor((rows + top + bottom - height) / down) + 1,
      Math.floor((columns + left + right - width) / across) + 1,
    ];
    return build(shape, (place) => {
      const [n, o, i, j] = place as [number, number, number, number];
      let sum = bias ? (bias.data[o] as number) : 0;
      for (let c = 0; c < inputs; c++)
        for (let u = 0; u < height; u++)
          for (let v = 0; v < width; v++)
            sum +=
              read(weight, [o, c, u, v]) * readInside(x, [n, c, i * down + u - top, j * across + v - left]);
      return sum;
    });
  },
  ConvTranspose: (operands, { pads, strides }) => {
    const [x, weight, bias] = operands as [Numbers64, Numbers64, Numbers64 | undefined];
    const [inputs, outputs, height, width] = weight.shape as [number, number, number, number];
    const [top, left, bottom, right] = pads as readonly [number, number, number, number];
    const [down, across] = strides as readonly [number, number];
    const [batch, , rows, columns] = x.shape as [number, number, number, number];
    const shape = [
      batch,
      outputs,
      (rows - 1) * down + height - top - bottom,
      (columns - 1) * across + width - left - right,
    ];
    return build(shape, (place) => {
      const [n, o, i, j] = place as [number, number, number, number];
      let sum = bias ? (bias.data[o] as number) : 0;
      for (let u = 0; u < height; u++)
        for (let v = 0; v < width; v++) {
          const [row, column] = [(i + top - u) / down, (j + left - v) / across];
          if (!Number.isInteger(row) || !Number.isInteger(column)) continue;
          for (let c = 0; c < inputs; c++)
            sum += readInside(x, [n, c, row, column]) * read(weight, [c, o, u, v]);
        }
      return sum;
    });
  },
  Unsqueeze: (operands) => {
    const [x, axes] = operands as [Numbers64, Numbers64];
    const shape = [...x.shape];
    for (const axis of [...axes.data].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
    return { shape, data: x.data };
  },
  Gather: (operands) => {
    const [x, places] = operands as [Numbers64, Numbers64];
    const rank = places.shape.length;
    return build([...places.shape, ...x.shape.slice(1)], (place) =>
      read(x, [read(places, place.slice(0, rank)), ...place.slice(rank)]),
    );
  },
  Concat: (operands, { axis }) => {
    const along = axis as number;
    const first = operands[0] as Numbers64;
    const total = operands.reduce((sum, { shape }) => sum + (shape[along] as number), 0);
    return build(first.shape.with(along, total), (place) => {
      let at = place[along] as number;
      for (const part of operands) {
        const extent = part.shape[along] as number;
        if (at < extent) return read(part, place.with(along, at));
        at -= extent;
      }
      return Number.NaN;
    });
  },
  Slice: (operands) => {
    const [x, start, end, axis] = operands as [Numbers64, Numbers64, Numbers64, Numbers64];
    const [from, to, along] = [start.data[0], end.data[0], axis.data[0]] as [number, number, number];
    return build(x.shape.with(along, to - from), (place) =>
      read(x, place.with(along, from + (place[along] as number))),
    );
  },
  Pad: (operands) => {
    const [x, pads] = operands as [Numbers64, Numbers64];
    const rank = x.shape.length;
    const [before, after] = [pads.data.subarray(0, rank), pads.data.subarray(rank)];
    const shape = x.shape.map((extent, axis) => extent + (before[axis] as number) + (after[axis] as number));
    const inside = (place: readonly number[]) =>
      place.every(
        (p, axis) =>
          p >= (before[axis] as number) && p < (before[axis] as number) + (x.shape[axis] as number),
      );
    return build(shape, (place) =>
      inside(place)
        ? read(
            x,
            place.map((p, axis) => p - (before[axis] as number)),
          )
        : 0,
    );
  },
};

import { createRandom, type Float64Tensor, type Ops, tensor } from '@glow-onnx/flow';
import { randomTensor } from '../../support/random-params.js';

/** An operation on inputs of each kind that it takes, for interpreters to be compared on. */
export interface OpCase {
  readonly name: string;
  readonly images: readonly Float64Tensor[];
  readonly weights: readonly Float64Tensor[];
  /** Which of them gradients are taken with respect to follows from both lists: all. */
  run<T>(ops: Ops<T>, images: readonly T[], weights: readonly T[]): T;
}

const random = createRandom(5);
const draw = (...shape: number[]): Float64Tensor => randomTensor(shape, random);
/** At least 0.3 from zero, where relu's slope jumps and log ends. */
const away = (x: Float64Tensor): Float64Tensor =>
  tensor(
    x.shape,
    x.data.map((v) => v + 0.3 * Math.sign(v)),
  );
const positive = (x: Float64Tensor): Float64Tensor => tensor(x.shape, away(x).data.map(Math.abs));

function op(
  name: string,
  inputs: { images?: readonly Float64Tensor[]; weights?: readonly Float64Tensor[] },
  run: OpCase['run'],
): OpCase {
  return { name, images: inputs.images ?? [], weights: inputs.weights ?? [], run };
}

const image = () => draw(2, 3, 4, 2);
const padded = (
  padding: 'zeros' | 'ones' | 'border',
  inputs: number,
  outputs: number,
  [batch, height, width] = [2, 4, 3],
): OpCase =>
  op(
    `conv3x3 ${inputs} → ${outputs}, ${padding}, ${batch} of ${height}×${width}`,
    {
      images: [draw(batch, inputs, height, width)],
      weights: [draw(outputs, inputs + (padding === 'border' ? 1 : 0), 3, 3), draw(outputs)],
    },
    (ops, [x], [w, b]) => ops.conv3x3(x, w, b, padding),
  );

/** Images are batch × channels × height × width; what an operation returns is an image if it takes one. */
export const opCases: readonly OpCase[] = [
  op('add, images', { images: [image(), image()] }, (ops, [a, b]) => ops.add(a, b)),
  op('add, one number to an image', { images: [image()], weights: [draw()] }, (ops, [a], [b]) =>
    ops.add(a, b),
  ),
  op('sub, a channel from an image', { images: [image(), draw(1, 3, 1, 1)] }, (ops, [a, b]) => ops.sub(a, b)),
  op('sub, an image from a label', { images: [draw(2, 3, 1, 1), image()] }, (ops, [a, b]) => ops.sub(a, b)),
  op('mul, images', { images: [image(), image()] }, (ops, [a, b]) => ops.mul(a, b)),
  op('mul, an image with itself', { images: [image()] }, (ops, [a]) => ops.mul(a, a)),
  op('mul, a kernel by output', { weights: [draw(4, 2, 3, 3), draw(4, 1, 1, 1)] }, (ops, _, [a, b]) =>
    ops.mul(a, b),
  ),
  op('mul, a matrix by a row', { weights: [draw(4, 4), draw(1, 4)] }, (ops, _, [a, b]) => ops.mul(a, b)),
  op('mul, a matrix by a column', { weights: [draw(4, 1), draw(4, 4)] }, (ops, _, [a, b]) => ops.mul(a, b)),
  op('scale', { images: [image()] }, (ops, [a]) => ops.scale(a, -2, 0.5)),
  op('scale, offset alone', { images: [image()] }, (ops, [a]) => ops.scale(a, 1, 2)),
  op('scale, neither', { images: [image()] }, (ops, [a]) => ops.scale(a, 1)),
  op('exp', { images: [image()] }, (ops, [a]) => ops.exp(a)),
  op('log', { weights: [positive(draw(5))] }, (ops, _, [a]) => ops.log(a)),
  op('tanh', { images: [image()] }, (ops, [a]) => ops.tanh(a)),
  op('sigmoid', { images: [image()] }, (ops, [a]) => ops.sigmoid(a)),
  op('logSigmoid', { images: [image()] }, (ops, [a]) => ops.logSigmoid(a)),
  op('relu', { images: [away(image())] }, (ops, [a]) => ops.relu(a)),
  op('matmul', { weights: [draw(3, 4), draw(4, 2)] }, (ops, _, [a, b]) => ops.matmul(a, b)),
  op('transpose', { weights: [draw(3, 4)] }, (ops, _, [a]) => ops.transpose(a)),
  op('reshape', { weights: [draw(3, 4)] }, (ops, _, [a]) => ops.reshape(a, [2, 6])),
  op('sum', { weights: [draw(3, 4)] }, (ops, _, [a]) => ops.sum(a)),
  op('logAbsDet', { weights: [draw(4, 4)] }, (ops, _, [w]) => ops.logAbsDet(w)),
  op('squeeze', { images: [draw(2, 2, 4, 6)] }, (ops, [x]) => ops.squeeze(x)),
  op('unsqueeze', { images: [draw(2, 8, 2, 3)] }, (ops, [x]) => ops.unsqueeze(x)),
  op('split, first', { images: [draw(2, 5, 2, 3)] }, (ops, [x]) => ops.split(x, 2)[0]),
  op('split, second', { images: [draw(2, 5, 2, 3)] }, (ops, [x]) => ops.split(x, 2)[1]),
  op('split, both', { images: [draw(2, 6, 2, 3)] }, (ops, [x]) => ops.mul(...ops.split(x, 3))),
  op('concat', { images: [draw(2, 3, 2, 3), draw(2, 2, 2, 3)] }, (ops, [a, b]) => ops.concat(a, b)),
  op('perChannel', { images: [image()], weights: [draw(3)] }, (ops, [x], [v]) =>
    ops.mul(x, ops.perChannel(v)),
  ),
  op('scaleShift', { images: [image()], weights: [draw(3), draw(3)] }, (ops, [x], [s, t]) =>
    ops.scaleShift(x, s, t),
  ),
  op('conv1x1', { images: [image()], weights: [draw(5, 3)] }, (ops, [x], [w]) => ops.conv1x1(x, w)),
  op('conv1x1, bias', { images: [image()], weights: [draw(5, 3), draw(5)] }, (ops, [x], [w, b]) =>
    ops.conv1x1(x, w, b),
  ),
  padded('zeros', 2, 5),
  padded('zeros', 5, 2),
  padded('zeros', 3, 3),
  padded('ones', 2, 5),
  padded('ones', 5, 2),
  padded('border', 2, 5),
  padded('border', 5, 2),
  padded('zeros', 2, 5, [1, 1, 1]),
  padded('zeros', 5, 2, [1, 1, 3]),
  padded('border', 2, 5, [3, 2, 1]),
  padded('ones', 5, 2, [1, 1, 1]),
  ...(['zeros', 'ones', 'border'] as const).map((padding) =>
    op(
      `conv3x3OfZeros, ${padding}`,
      { images: [draw(2, 3, 4, 3)], weights: [draw(4, padding === 'border' ? 3 : 2, 3, 3), draw(4)] },
      (ops, [x], [w, b]) => ops.conv3x3OfZeros(x, w, b, padding),
    ),
  ),
  op('squeezeConv', { images: [draw(2, 1, 4, 6)], weights: [draw(4, 4), draw(4)] }, (ops, [x], [m, b]) =>
    ops.squeezeConv(x, m, b),
  ),
  op('unsqueezeConv', { images: [draw(2, 4, 2, 3)], weights: [draw(4, 4), draw(4)] }, (ops, [y], [m, s]) =>
    ops.unsqueezeConv(y, m, s),
  ),
  op('sumPerImage', { images: [image()] }, (ops, [x]) => ops.sumPerImage(x)),
];

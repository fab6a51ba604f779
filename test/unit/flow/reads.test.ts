import { type Float64Tensor, float64Ops, tensor } from '@glow-onnx/flow';

/** A trained model gives views of one vector, each of which makes its numbers anew when they are read. */
function counted(shape: number[]): { view: Float64Tensor; reads: () => number } {
  const { data } = tensor(
    shape,
    Float64Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, (_, i) => i),
  );
  let reads = 0;
  const view = {
    shape,
    get data() {
      reads++;
      return data;
    },
  };
  return { view, reads: () => reads };
}

test.each<[string, number[][], (...tensors: Float64Tensor[]) => Float64Tensor]>([
  [
    'add',
    [
      [8, 8],
      [8, 1],
    ],
    (a, b) => float64Ops.add(a as Float64Tensor, b as Float64Tensor),
  ],
  [
    'mul',
    [
      [8, 8],
      [8, 1],
    ],
    (a, b) => float64Ops.mul(a as Float64Tensor, b as Float64Tensor),
  ],
  [
    'matmul',
    [
      [8, 8],
      [8, 8],
    ],
    (a, b) => float64Ops.matmul(a as Float64Tensor, b as Float64Tensor),
  ],
  [
    'conv1x1',
    [[2, 4, 6, 6], [8, 4], [8]],
    (x, w, b) => float64Ops.conv1x1(x as Float64Tensor, w as Float64Tensor, b as Float64Tensor),
  ],
  [
    'conv3x3',
    [[2, 4, 6, 6], [8, 4, 3, 3], [8]],
    (x, w, b) => float64Ops.conv3x3(x as Float64Tensor, w as Float64Tensor, b as Float64Tensor, 'zeros'),
  ],
])('%s reads the numbers of a tensor once, not for each element', (_, shapes, run) => {
  const inputs = shapes.map(counted);
  run(...inputs.map(({ view }) => view));
  expect(inputs.map(({ reads }) => reads())).toEqual(inputs.map(() => 1));
});

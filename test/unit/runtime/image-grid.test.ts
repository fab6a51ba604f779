import { imageGrid } from '@glow-onnx/runtime';

const grey = (...values: number[]) => ({
  data: Uint8Array.from(values),
  height: 1,
  width: values.length,
  channels: 1,
});

test('a grid refuses an image that is not as large as it says, by its place', () => {
  const short = { ...grey(1, 2), width: 3 };
  expect(() => imageGrid([grey(1, 2, 3), short])).toThrow(
    'imageGrid: image 1: data must hold height × width × channels = 1×3×1 bytes, got 2',
  );
  expect(() => imageGrid([undefined as never])).toThrow('imageGrid');
  expect(() => imageGrid([{ ...grey(1), data: [1] } as never])).toThrow('imageGrid: image 0');
});

test('a grid of more than 1 GiB is refused before it is made', () => {
  expect(() => imageGrid([grey(1, 2, 3, 4)], { scale: 20_000 })).toThrow(
    'imageGrid: 1 images make 20000×80000 pixels, more than 1 GiB; pass a smaller scale',
  );
});

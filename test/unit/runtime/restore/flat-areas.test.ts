import { createRandom } from '@glow-onnx/flow';
import { hasFlatAreas } from '../../../../packages/runtime/src/restore/flat-areas.js';

const [height, width, channels] = [8, 10, 3];
const nothing = new Float32Array(channels * height * width);

function image(valueAt: (x: number, y: number, c: number) => number) {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return valueAt(pixel % width, Math.floor(pixel / width), i % channels);
  });
  return { data, height, width, channels };
}

const hole = (isUnknown: (x: number, y: number) => boolean) =>
  Float32Array.from(nothing, (_, i) =>
    Number(isUnknown(i % width, Math.floor((i % (height * width)) / width))),
  );

test('one colour is flat, noise and a slope are not', () => {
  const { below } = createRandom(1);
  expect(
    hasFlatAreas(
      image(() => 7),
      nothing,
      8,
    ),
  ).toBe(true);
  expect(
    hasFlatAreas(
      image(() => below(256)),
      nothing,
      8,
    ),
  ).toBe(false);
  expect(
    hasFlatAreas(
      image((x, y) => 9 * x + 5 * y),
      nothing,
      8,
    ),
  ).toBe(false);
});

test('a pixel is flat only if all of its channels are, to the right and below', () => {
  expect(
    hasFlatAreas(
      image((x, _y, c) => (c === 2 ? x : 7)),
      nothing,
      8,
    ),
  ).toBe(false);
  expect(
    hasFlatAreas(
      image((_x, y) => y),
      nothing,
      8,
    ),
  ).toBe(false);
  expect(
    hasFlatAreas(
      image((x) => x),
      nothing,
      8,
    ),
  ).toBe(false);
});

test('what is unknown does not count, and nothing known to compare counts as flat', () => {
  const halfFlat = image((x, y) => (x < 5 ? 7 : 9 * x + 5 * y));
  expect(hasFlatAreas(halfFlat, nothing, 8)).toBe(true);
  expect(
    hasFlatAreas(
      halfFlat,
      hole((x) => x < 5),
      8,
    ),
  ).toBe(false);
  expect(
    hasFlatAreas(
      image((x, y) => 9 * x + 5 * y),
      hole((x, y) => (x + y) % 2 === 0),
      8,
    ),
  ).toBe(true);
});

test('values that the bits of the model do not tell apart are equal', () => {
  const nearly = image((x, y) => 64 + ((x + y) % 4));
  expect([8, 6].map((bits) => hasFlatAreas(nearly, nothing, bits))).toEqual([false, true]);
});

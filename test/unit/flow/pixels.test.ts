import { binToModel, binToPixel, bitsPerDimension, modelToBin, pixelToBin } from '@glow-onnx/flow/internal';

const depths = [1, 2, 3, 4, 5, 6, 7, 8];

test.each(depths)('every bin of %i bits survives being shown and read again, and being encoded', (bits) => {
  for (let bin = 0; bin < 2 ** bits; bin++) {
    expect(pixelToBin(binToPixel(bin, bits), bits)).toBe(bin);
    expect(modelToBin(binToModel(bin, bits), bits)).toBe(bin);
    expect(modelToBin(Math.fround(binToModel(bin, bits, 0)), bits)).toBe(bin);
  }
});

test.each(depths)('black stays black and white white at %i bits', (bits) => {
  expect(binToPixel(pixelToBin(0, bits), bits)).toBe(0);
  expect(binToPixel(pixelToBin(255, bits), bits)).toBe(255);
});

test('values beyond the last bins are clamped', () => {
  expect(modelToBin(-7, 5)).toBe(0);
  expect(modelToBin(0.5, 5)).toBe(31);
});

test('a density that is uniform over the unit cube costs n bits per dimension', () => {
  expect(bitsPerDimension(0, 3 * 16 * 16, 5)).toBe(5);
  expect(bitsPerDimension(12 * Math.LN2 * 2, 12, 8)).toBeCloseTo(6, 12);
});

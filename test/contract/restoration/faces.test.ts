import { resolve } from 'node:path';
import { createRandom } from '@glow-onnx/flow/random';
import { type GlowModel, loadGlow, type RawImage, type Restored } from '@glow-onnx/runtime/node';
import sharp from 'sharp';

/** On faces that models/pixel-faces has not seen. Face 40 of the sheet needs a second search. */
const root = resolve(__dirname, '../../..');
const side = 16;

let glow: GlowModel;
let faces: RawImage[];
let hardFace: RawImage;
beforeAll(async () => {
  glow = await loadGlow(resolve(root, 'models/pixel-faces'), { device: 'cpu' });
  const sheet = sharp(resolve(root, 'models/pixel-faces/faces.png')).removeAlpha();
  faces = await Promise.all(
    [40, 41, 42].map(async (i) => {
      const tile = { left: side * i, top: 0, width: side, height: side };
      const data = new Uint8Array(await sheet.clone().extract(tile).raw().toBuffer());
      return { data, width: side, height: side, channels: 3 };
    }),
  );
  [hardFace, ...faces] = (await glow.prepare(faces)) as [RawImage, ...RawImage[]]; // at the model's bits
}, 60_000);
afterAll(() => glow.dispose());

/** A mask by place: 255 where unknown. */
function maskOf(isUnknown: (y: number, x: number) => boolean, size = side): RawImage {
  const data = Uint8Array.from({ length: size * size }, (_, i) =>
    isUnknown(Math.floor(i / size), i % size) ? 255 : 0,
  );
  return { data, width: size, height: size, channels: 1 };
}
const leftHalf = maskOf((_, x) => x < 8);

/** Peak signal-to-noise ratio in dB over the pixels of a mask, or over all. */
function psnr(image: RawImage, truth: RawImage, mask?: RawImage): number {
  let [sum, count] = [0, 0];
  for (const [i, value] of image.data.entries()) {
    if (mask && mask.data[Math.floor(i / 3)] === 0) continue;
    sum += ((value - (truth.data[i] as number)) / 255) ** 2;
    count++;
  }
  return -10 * Math.log10(Math.max(sum / count, 1e-6));
}

/** A hole filled with the mean of its row: as smooth as it knows nothing. */
function smoothLeft(face: RawImage): RawImage {
  const data = face.data.map((value, i) => {
    const [pixel, c] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / side), pixel % side];
    return x < 8 ? (face.data[(y * side + 8) * 3 + c] as number) : value;
  });
  return { ...face, data };
}

test('half a face becomes a whole one', async () => {
  const found = await glow.inpaint(faces, leftHalf);
  for (const [i, face] of faces.entries()) {
    const { images, logProb, typical, method, mean, spread } = found[i] as (typeof found)[number];
    const [image] = images as [RawImage];
    expect(psnr(image, face, leftHalf) - psnr(smoothLeft(face), face, leftHalf)).toBeGreaterThan(10);
    for (const [at, value] of face.data.entries()) {
      if (leftHalf.data[Math.floor(at / 3)] === 0) expect(image.data[at]).toBe(value);
    }
    const { logProb: again } = await glow.encode(image);
    expect(logProb[0]).toBeCloseTo(again[0] as number, 1);
    expect({ typical, method, mean, spread }).toEqual({
      ...{ typical: [true], method: ['density'] },
      ...{ mean: null, spread: null },
    });
  }
}, 120_000);

test('a face that the first search leaves unlikely is completed by a second one', async () => {
  const seen: string[] = [];
  const [found] = await glow.inpaint(hardFace, leftHalf, {
    onStep: ({ step, steps }) => seen.push(`${step} of ${steps}`),
  });
  expect(psnr(found?.images[0] as RawImage, hardFace, leftHalf)).toBeGreaterThan(20);
  expect(found?.typical).toEqual([true]);
  expect([seen[0], seen[120], seen[121], seen.at(-1)]).toEqual([
    ...['0 of 120', '120 of 120', '121 of 300', '300 of 300'],
  ]);
}, 240_000);

test('samples differ by place and seed, and do not depend on the other images of the call', async () => {
  const options = { samples: 2, steps: 12, seed: 3 };
  const hole = maskOf((y, x) => y >= 4 && y < 12 && x >= 4 && x < 12);
  const [first, second] = await glow.inpaint(faces, hole, options);
  const [one, two] = (first as Restored).images as [RawImage, RawImage];
  expect(one.data).not.toEqual(two.data);
  expect(Math.max(...(first?.spread?.data ?? []))).toBeGreaterThan(0);
  expect(first?.mean?.data).toEqual(
    one.data.map((value, i) => Math.round((value + (two.data[i] as number)) / 2)),
  );
  expect(first?.images).toHaveLength(2);
  expect(second?.images).toHaveLength(2);
  const [alone] = await glow.inpaint(faces[0] as RawImage, hole, options);
  const differing = (a: RawImage, b: RawImage) => a.data.filter((value, i) => value !== b.data[i]).length;
  expect(differing(alone?.images[0] as RawImage, one)).toBeLessThan(20); // float32 of another batch
  const [other] = await glow.inpaint(faces[0] as RawImage, hole, { ...options, seed: 4 });
  expect(differing(other?.images[0] as RawImage, one)).toBeGreaterThan(20);
}, 120_000);

test('samples stay samples, also where a smooth fill has a higher log p', async () => {
  await using clothes = await loadGlow(resolve(root, 'models/fashion-mnist'), { device: 'cpu' });
  const [shirt] = await clothes.sample({ seed: 2, temperature: 0.8 });
  const hole = maskOf((y, x) => y >= 9 && y < 19 && x >= 9 && x < 19, 28);
  const [found] = await clothes.inpaint(shirt as RawImage, hole, { samples: 3, steps: 8 });
  expect(found?.method).toEqual(['latents', 'latents', 'latents']);
  expect(new Set(found?.images.map(({ data }) => data.join())).size).toBe(3);
}, 60_000);

test('with many bits a search counts that has found likelier latents, also with a lower log p', async () => {
  await using clothes = await loadGlow(resolve(root, 'models/fashion-mnist'), { device: 'cpu' });
  const grey: RawImage = { data: new Uint8Array(784).fill(90), height: 28, width: 28, channels: 1 };
  const samples = (await clothes.sample({ count: 12, seed: 2, temperature: 0.8 })) as RawImage[];
  const smooth: RawImage[] = [];
  const hole = maskOf((y, x) => y >= 9 && y < 19 && x >= 9 && x < 19, 28);
  const found = await clothes.inpaint([grey, samples[11] as RawImage], hole, {
    onStep({ image, step, picture }) {
      if (step === 0) smooth[image] = picture;
    },
  });
  expect(found.map(({ method }) => method)).toEqual([['start'], ['latents']]);
  expect(found[0]?.images).toEqual([smooth[0]]);
  const { logProb } = await clothes.encode(smooth[1] as RawImage);
  expect(found[1]?.logProb[0]).toBeLessThan(logProb[0] as number);
}, 120_000);

test('in an image without flat colours the density is climbed with many bits too, but not for samples', async () => {
  await using photos = await loadGlow(resolve(root, 'models/photos'), { device: 'cpu' });
  const [patch] = (await photos.sample({ seed: 1 })) as [RawImage];
  const hole = maskOf((y, x) => (x + y) % 3 === 0, 32);
  const [one] = await photos.inpaint(patch, hole, { steps: 12 });
  expect(one?.method).toEqual(['density']);
  const grey: RawImage = { ...patch, data: patch.data.map(() => 90) };
  const [flat] = await photos.inpaint(grey, hole, { steps: 4 });
  expect(flat?.method).not.toEqual(['density']);
  const [draws] = await photos.inpaint(patch, hole, { steps: 4, samples: 2 });
  expect(draws?.method).toEqual(['latents', 'latents']);
}, 120_000);

test('one image gives one result, wherever it stands in a call', async () => {
  const [face] = faces as [RawImage];
  const found = await glow.denoise([face, face, face], { sigma: 0.1, steps: 2 });
  expect(new Set(found.map(({ typical }) => String(typical))).size).toBe(1);
}, 60_000);

test('scattered pixels and a hole in one call are restored as in calls of their own', async () => {
  await using clothes = await loadGlow(resolve(root, 'models/fashion-mnist'), { device: 'cpu' });
  const [shirt] = (await clothes.sample({ seed: 2, temperature: 0.8 })) as [RawImage];
  const hole = maskOf((_, x) => x >= 14, 28);
  const scattered = maskOf((y, x) => (x + y) % 2 === 0, 28);
  /** Where the search has come to: the results of so short a one are the smooth fills. */
  const searched = async (masks: RawImage[]) => {
    const last: Uint8Array[] = [];
    await clothes.inpaint(new Array<RawImage>(masks.length).fill(shirt), masks, {
      steps: 2,
      onStep({ image, picture }) {
        last[image] = picture.data as Uint8Array;
      },
    });
    return last;
  };
  const apart = [...(await searched([hole])), ...(await searched([scattered]))];
  expect(await searched([hole, scattered])).toEqual(apart);
}, 60_000);

test('noise comes off', async () => {
  const { normal } = createRandom(5);
  const noisy = faces.map((face) => ({
    ...face,
    data: face.data.map((value) => Math.min(255, Math.max(0, Math.round(value + 25.5 * normal())))),
  }));
  const found = await glow.denoise(noisy, { sigma: 0.1 });
  const gains = faces.map(
    (face, i) => psnr(found[i]?.images[0] as RawImage, face) - psnr(noisy[i] as RawImage, face),
  );
  expect(gains.reduce((sum, gain) => sum + gain, 0) / gains.length).toBeGreaterThan(2); // one face may gain little
  expect(found.map(({ typical }) => typical)).toEqual([[true], [true]]);
}, 120_000);

test('an image of half the size becomes one of the training size with the same means', async () => {
  const small = faces.map((face) => ({ width: 8, height: 8, channels: 3, data: halved(face) }));
  const found = await glow.enlarge(small, { factor: 2 });
  for (const [i, { data }] of small.entries()) {
    const [image] = (found[i] as Restored).images as [RawImage];
    expect([image.height, image.width]).toEqual([16, 16]);
    const error = [...halved(image)].map((value, at) => Math.abs(value - (data[at] as number)));
    expect(error.reduce((sum, value) => sum + value, 0) / error.length).toBeLessThan(6); // a bin has 8 levels
    const pixelated = { ...image, data: doubled(data) };
    expect(psnr(image, faces[i] as RawImage)).toBeGreaterThan(psnr(pixelated, faces[i] as RawImage) + 3);
  }
}, 120_000);

function halved({ data }: RawImage): Uint8Array {
  return Uint8Array.from({ length: 192 }, (_, i) => {
    const [pixel, c] = [Math.floor(i / 3), i % 3];
    const [y, x] = [2 * Math.floor(pixel / 8), 2 * (pixel % 8)];
    const at = (dy: number, dx: number) => data[((y + dy) * side + x + dx) * 3 + c] as number;
    return Math.round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
  });
}

function doubled(data: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 768 }, (_, i) => {
    const [pixel, c] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / side) >> 1, (pixel % side) >> 1];
    return data[(y * 8 + x) * 3 + c] as number;
  });
}

/** How far a value within the left half differs from the mean of its neighbours, at most. */
function unevenness({ data }: RawImage): number {
  let most = 0;
  const at = (y: number, x: number, c: number) => data[(y * side + x) * 3 + c] as number;
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < 7; x++) {
      for (let c = 0; c < 3; c++) {
        const mean = (at(y - 1, x, c) + at(y + 1, x, c) + at(y, x - 1, c) + at(y, x + 1, c)) / 4;
        most = Math.max(most, Math.abs(at(y, x, c) - mean));
      }
    }
  }
  return most;
}

test('tells the start and each step with the image so far, and stops within one', async () => {
  const seen: number[] = [];
  const stop = new AbortController();
  const call = glow.inpaint(faces[0] as RawImage, leftHalf, {
    signal: stop.signal,
    onStep({ step, steps, picture }) {
      expect([picture.height, picture.width, picture.channels, steps]).toEqual([16, 16, 3, 120]);
      seen.push(step);
      if (step === 0) expect(unevenness(picture)).toBeLessThanOrEqual(8); // a bin
      if (step === 5) stop.abort(new Error('enough'));
    },
  });
  await expect(call).rejects.toThrow('enough');
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a mask may be transparent where pixels are unknown', async () => {
  const data = Uint8Array.from({ length: 4 * side * side }, (_, i) => {
    const isUnknown = Math.floor(i / 4) % side < 8;
    return i % 4 === 3 && !isUnknown ? 255 : 0; // black; transparent where unknown
  });
  const transparent = { data, width: side, height: side, channels: 4 };
  const options = { steps: 3 };
  const [a] = await glow.inpaint(faces[0] as RawImage, transparent, options);
  const [b] = await glow.inpaint(faces[0] as RawImage, leftHalf, options);
  expect(a?.images[0]?.data).toEqual(b?.images[0]?.data);
});

describe('says what is wrong:', () => {
  const face = () => faces[0] as RawImage;
  test.each<readonly [string, () => Promise<unknown>, RegExp]>([
    [
      'nothing unknown',
      () =>
        glow.inpaint(
          face(),
          maskOf(() => false),
        ),
      /the mask has no light pixel: nothing is unknown/,
    ],
    [
      'nothing known',
      () =>
        glow.inpaint(
          face(),
          maskOf(() => true),
        ),
      /light pixels alone: nothing is known/,
    ],
    [
      'a mask of another size',
      () =>
        glow.inpaint(
          face(),
          maskOf((y) => y > 3, 20),
        ),
      /the mask is 20×20, its image is 16×16/,
    ],
    [
      'three masks for two images',
      () => glow.inpaint(faces, [leftHalf, leftHalf, leftHalf]),
      /2 images need one mask or as many, got 3/,
    ],
    ['no sigma', () => glow.denoise(face(), {} as never), /pass { sigma }, the deviation of the noise/],
    [
      'a sigma of nothing',
      () => glow.denoise(face(), { sigma: 1e-200 }),
      /sigma must be a number from 0.001 to 1/,
    ],
    ['factor 3', () => glow.enlarge(face(), { factor: 3 as 2 }), /factor must be 2 or 4/],
    ['half a sample', () => glow.inpaint(face(), leftHalf, { samples: 0.5 }), /samples must be an integer/],
    ['another method', () => glow.inpaint(face(), leftHalf, { method: 'magic' as never }), /method must be/],
    [
      'NaN as temperature',
      () => glow.inpaint(face(), leftHalf, { samples: 1, temperature: Number.NaN }),
      /temperature must be a number from 0 to 10/,
    ],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

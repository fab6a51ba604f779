import { pixelToBin } from '@glow-onnx/flow/pixels';
import { loadGlow, type RawImage, type Restored } from '@glow-onnx/runtime/node';
import { writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const picture = (side: number, levels = 256): RawImage => ({
  data: Uint8Array.from({ length: side * side * 3 }, (_, i) => ((i * 37) % levels) * (256 / levels)),
  ...{ height: side, width: side, channels: 3 },
});
const mask = (side: number, isUnknown: (y: number, x: number) => boolean): RawImage => ({
  data: Uint8Array.from({ length: side * side }, (_, i) =>
    isUnknown(Math.floor(i / side), i % side) ? 255 : 0,
  ),
  ...{ height: side, width: side, channels: 1 },
});
const left = (side: number) => mask(side, (_, x) => x < side / 2);

/** Each kind of restoration, in few steps, with what every one has to keep. */
async function restores(
  config: ReturnType<typeof tinyConfig>,
  options: { readonly precision?: 'fp16-weights' | 'int8-weights'; readonly label?: number },
) {
  const { precision = 'fp32', ...own } = options;
  const precisions = [...new Set(['fp32', precision] as const)];
  await using fixture = await disposable(writeModelFixture(config, 3, { precision: precisions }));
  await using glow = await loadGlow(fixture.directory, { device: 'cpu', precision });
  const whole = picture(8, 2 ** config.bits);
  const few = { ...own, steps: 3 };
  const [filled] = (await glow.inpaint(whole, left(8), few)) as [Restored];
  const { data } = filled.images[0] as RawImage;
  const known = (i: number) => Math.floor(i / 3) % 8 >= 4;
  const bins = (pixels: ArrayLike<number>) =>
    Array.from(pixels, (pixel, i) => (known(i) ? pixelToBin(pixel, config.bits) : 0));
  expect(bins(data)).toEqual(bins(whole.data));
  const [clean] = await glow.denoise(whole, { ...few, sigma: 0.1 });
  const [large] = await glow.enlarge(picture(4, 2 ** config.bits), { ...few, factor: 2 });
  const [wide] = await glow.enlarge(picture(8), { ...few, factor: 2, fit: 'none' });
  const [other] = await glow.inpaint(picture(16), left(16), { ...few, fit: 'none' });
  const sides = [filled, clean, large, wide, other].map((one) => one?.images[0]?.height);
  expect(sides).toEqual([8, 8, 8, 16, 16]);
  for (const one of [filled, clean, large, wide, other])
    expect(one?.logProb.every(Number.isFinite)).toBe(true);
}

async function disposable<T extends { remove(): void | Promise<void> }>(made: Promise<T>) {
  const fixture = await made;
  return Object.assign(fixture, { [Symbol.asyncDispose]: async () => fixture.remove() });
}

test(
  'a class-conditional model restores what has a label',
  () => restores(tinyConfig({ prior: 'learned', classes: 3 }), { label: 2 }),
  60_000,
);

test.each(['fp16-weights', 'int8-weights'] as const)(
  'a model with %s restores',
  (precision) => restores(tinyConfig(), { precision }),
  60_000,
);

test.each([1, 5, 8])('a model of %d bits restores', (bits) => restores(tinyConfig({ bits }), {}), 60_000);

describe('with one model', () => {
  let fixture: Awaited<ReturnType<typeof writeModelFixture>>;
  let glow: Awaited<ReturnType<typeof loadGlow>>;
  beforeAll(async () => {
    fixture = await writeModelFixture(tinyConfig(), 3, { precision: ['fp32', 'fp16'] });
    glow = await loadGlow(fixture.directory, { device: 'cpu' });
  }, 60_000);
  afterAll(async () => {
    await glow.dispose();
    await fixture.remove();
  });

  test('a pixel of which any part is unknown is unknown to the model', async () => {
    const line = mask(64, (_, x) => x === 21);
    const [{ known }] = (await glow.inpaint(picture(64), line, { steps: 1 })) as [Restored];
    const grey = Array.from({ length: 64 }, (_, i) => known.data.subarray(3 * i, 3 * i + 3)).map(
      ([r, g, b]) => Number(r === 128 && g === 128 && b === 128),
    );
    expect(grey).toEqual(Array.from({ length: 64 }, (_, i) => Number(i % 8 === 2)));
  });

  test('a mask that hides no pixel, or a part of every pixel, that the model sees is refused', async () => {
    const outside = { ...mask(16, () => false), height: 8, width: 32 };
    outside.data[0] = 255; // in the part that is cropped away
    const wide = { ...picture(16), height: 8, width: 32 };
    await expect(glow.inpaint(wide, outside)).rejects.toThrow('no light pixel that the model sees');
    const dots = mask(64, (y, x) => y % 8 === 0 && x % 8 === 0);
    await expect(glow.inpaint(picture(64), dots)).rejects.toThrow('leaves no pixel of the 8×8');
  });

  test.each([0, 1, 2])('an error of onStep at step %d ends the call as it is', async (at) => {
    class Own extends Error {}
    const onStep = ({ step }: { step: number }) => {
      if (step === at) throw new Own('enough');
    };
    const call = glow.inpaint([picture(8), picture(8)], left(8), { steps: 3, onStep });
    await expect(call).rejects.toThrow(Own);
  });

  test('an error of onFit ends the call as it is', async () => {
    class Own extends Error {}
    const onFit = ({ image }: { image: number }) => {
      if (image === 1) throw new Own('enough');
    };
    const call = glow.denoise([picture(8), picture(16)], { sigma: 0.1, steps: 3, onFit });
    await expect(call).rejects.toThrow(Own);
  });

  test('so many samples that they need more than 1 GiB are refused, and so many that streams would repeat', async () => {
    await expect(glow.inpaint(picture(8), left(8), { samples: 65_537 })).rejects.toThrow(
      'samples must be an integer from 1 to 65536',
    );
    const large = picture(256);
    await expect(glow.inpaint(large, left(256), { samples: 2000, fit: 'none' })).rejects.toThrow(
      /2000 samples of 256×256 are more than 1 GiB; draw at most 1365 at once/,
    );
  });

  test('precision fp16 is refused before anything is read', async () => {
    await using half = await loadGlow(fixture.directory, { device: 'cpu', precision: 'fp16' });
    await expect(half.inpaint('missing.png', 'missing.png')).rejects.toThrow(
      'inpaint: gradients need float32 arithmetic',
    );
  });
});

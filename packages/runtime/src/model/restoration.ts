import { binToModel } from '@glow-onnx/flow/pixels';
import { fits } from '../pictures/fits.js';
import type { RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { loadImage } from '../pictures/load-image.js';
import { hasFlatAreas } from '../restore/flat-areas.js';
import { fillHarmonically } from '../restore/harmonic.js';
import { isScattered, loadMask } from '../restore/mask.js';
import { knownMeans, knownValues, noisyValues } from '../restore/measurement.js';
import { checkAbort } from './check-abort.js';
import type { ModelParts } from './model-parts.js';
import type { DenoiseOptions, EnlargeOptions, Restored, RestoreOptions } from './restored.js';
import { runRestoration } from './run-restoration.js';

export async function inpaint(
  parts: ModelParts,
  images: readonly ImageInput[],
  masks: readonly ImageInput[],
  options: RestoreOptions = {},
): Promise<Restored[]> {
  if (masks.length !== 1 && masks.length !== images.length) {
    throw new RangeError(`inpaint: ${images.length} images need one mask or as many, got ${masks.length}`);
  }
  const { config } = parts.manifest;
  return runRestoration(
    parts,
    'inpaint',
    images,
    options,
    async (image, call, { image: place, where }, check) => {
      const { fit = fits[0] } = options;
      const { image: pixels, fitted } = await loadImage(
        config,
        parts.codec,
        image,
        { fit },
        where,
        call.signal,
      );
      check(pixels);
      const mask = masks[masks.length === 1 ? 0 : place] as ImageInput;
      const hole = await loadMask(
        config,
        parts.codec,
        mask,
        { size: pixels, fitted, signal: call.signal },
        `${where}: the mask`,
      );
      if (fitted) call.noteFit(place, fitted);
      const { height, width } = pixels;
      const start = modelValues(pixels, (pixel) => binToModel(pixel >> (8 - config.bits), config.bits, 0.5));
      await fillHarmonically(start, hole, { channels: config.channels, height, width }, () =>
        checkAbort(call.signal),
      );
      return {
        ...{ height, width, start },
        measurement: knownValues(start.slice(), hole),
        loss: isScattered(hole, pixels) ? 'scattered' : 'hole',
        isFlat: hasFlatAreas(pixels, hole, config.bits),
        known: greyed(pixels, hole),
      };
    },
  );
}

export async function denoise(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: DenoiseOptions,
): Promise<Restored[]> {
  const { sigma } = options ?? {};
  if (sigma === undefined)
    throw new TypeError('denoise: pass { sigma }, the deviation of the noise: 0.1 is a tenth of the range');
  const { config } = parts.manifest;
  return runRestoration(
    parts,
    'denoise',
    images,
    options,
    async (image, call, { image: place, where }, check) => {
      const { fit = fits[0] } = options;
      const { image: pixels, fitted } = await loadImage(
        config,
        parts.codec,
        image,
        { fit },
        where,
        call.signal,
      );
      check(pixels);
      if (fitted) call.noteFit(place, fitted);
      const y = modelValues(pixels, ofPixel);
      const measurement = noisyValues(y, sigma);
      return { ...sizeOf(pixels), start: y, measurement, loss: 'noise', known: pixels };
    },
  );
}

export async function enlarge(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: EnlargeOptions,
): Promise<Restored[]> {
  const { factor } = options ?? {};
  if (factor === undefined) throw new TypeError('enlarge: pass { factor }, 2 or 4');
  const { config } = parts.manifest;
  const { fit: wanted = fits[0] } = options;
  if (wanted !== 'none' && (config.height % factor !== 0 || config.width % factor !== 0)) {
    throw new RangeError(
      `enlarge: the training size ${config.height}×${config.width} is not divisible by factor ${factor}; pass fit: "none"`,
    );
  }
  const smaller = {
    ...config,
    height: config.height / factor,
    width: config.width / factor,
    levels: Math.max(0, config.levels - Math.log2(factor)),
  };
  return runRestoration(
    parts,
    'enlarge',
    images,
    options,
    async (image, call, { image: place, where }, check) => {
      const { fit = fits[0] } = options;
      const { image: pixels, fitted } = await loadImage(
        smaller,
        parts.codec,
        image,
        { fit },
        where,
        call.signal,
      );
      check({ height: factor * pixels.height, width: factor * pixels.width });
      if (fitted) call.noteFit(place, fitted);
      const [height, width] = [factor * pixels.height, factor * pixels.width];
      const shape = { channels: config.channels, height, width, side: factor };
      const measurement = knownMeans(modelValues(pixels, ofPixel), shape);
      const start = new Float32Array(config.channels * height * width);
      measurement.project(start);
      return { height, width, start, measurement, loss: 'detail', known: pixels };
    },
  );
}

/** A pixel of 8 bits in model units, whatever the bits of the model. */
const ofPixel = (pixel: number) => (pixel + 0.5) / 256 - 0.5;

function sizeOf({ height, width }: RawImage) {
  return { height, width };
}

/** An image whose unknown values, channels × height × width, are grey. */
function greyed(image: RawImage, hole: Float32Array): RawImage {
  const { data, height, width, channels } = image;
  const isUnknown = (i: number) => hole[(i % channels) * height * width + Math.floor(i / channels)] === 1;
  return { ...image, data: data.map((value, i) => (isUnknown(i) ? 128 : value)) };
}

/** Pixels as channels × height × width numbers. */
function modelValues(
  { data, height, width, channels }: RawImage,
  value: (pixel: number) => number,
): Float32Array {
  const size = height * width;
  return Float32Array.from(data, (_, i) =>
    value(data[(i % size) * channels + Math.floor(i / size)] as number),
  );
}

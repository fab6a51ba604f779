import { checkOptions, describe, type Rule, type Rules } from '@glow-onnx/flow/manifest';
import type { PixelMap } from '../model/surprise.js';
import type { RawImage } from './images.js';

export interface HeatMapOptions {
  /** The number that becomes the darkest colour; default: the least of the map. */
  readonly from?: number;
  /** The number that becomes the brightest colour; default: the greatest of the map. */
  readonly to?: number;
}

const aNumber: Rule = {
  expected: 'a finite number',
  type: 'number',
  holds: (value) => Number.isFinite(value),
};
const rules: Rules<HeatMapOptions> = { from: aNumber, to: aNumber };

/**
 * Colours at equal distances, from dark blue by purple and orange to light yellow. The lightness (OKLab) rises evenly from
 * 0.16 to 0.96, so equal differences of a map look equally large, also to the colour-blind and in a grey print.
 */
const colours = [
  '0c0a1d',
  '2a1152',
  '56147a',
  '8f1e7f',
  'c43766',
  'e76250',
  'f99549',
  'fec766',
  'fbf6a6',
].map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));

/**
 * A map of numbers as an RGB image: few is dark, many is bright. Numbers outside `from` … `to` get the colour of that end.
 * A map of equal numbers is dark.
 * @throws TypeError if it is no map; RangeError if `data` does not have height × width numbers, or `to` is below `from`.
 * @example
 * const [{ map }] = await glow.surprise('a.png');
 * await writePng('heat.png', imageGrid([heatMap(map)], { scale: 8 }));
 */
export function heatMap(map: PixelMap, options: HeatMapOptions = {}): RawImage {
  checkOptions('heatMap', options, rules);
  const { shape, data } = map ?? {};
  if (!Array.isArray(shape) || !(data instanceof Float32Array)) {
    throw new TypeError(`heatMap: expected a map { shape: [height, width], data }, got ${describe(map)}`);
  }
  const [height, width] = shape as unknown as PixelMap['shape'];
  if (shape.length !== 2 || data.length !== height * width) {
    throw new RangeError(`heatMap: shape [${shape}] does not have ${data.length} numbers`);
  }
  const own = rangeOf(map);
  const { from = own.from, to = own.to } = options;
  if (to < from) throw new RangeError(`heatMap: to is ${to}, expected at least from, ${from}`);
  const image = new Uint8Array(3 * data.length);
  data.forEach((value, at) => {
    const share = to > from ? Math.min(Math.max((value - from) / (to - from), 0), 1) : 0;
    image.set(colourOf(share), 3 * at);
  });
  return { data: image, height, width, channels: 3 };
}

/** The least and the greatest number of a map: the default ends of its colours. */
export function rangeOf({ data }: PixelMap): Required<HeatMapOptions> {
  const from = data.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  return { from, to: data.reduce((greatest, value) => Math.max(greatest, value), from) };
}

/** @param share 0 dark … 1 bright. */
function colourOf(share: number): number[] {
  const place = share * (colours.length - 1);
  const below = Math.min(Math.floor(place), colours.length - 2);
  const [dark, bright] = [colours[below], colours[below + 1]] as [number[], number[]];
  return dark.map((value, i) => Math.round(value + (place - below) * ((bright[i] as number) - value)));
}

import { bitsPerDimension } from '@glow-onnx/flow/pixels';
import { mean } from '../mean.js';
import type { Fitted } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import { gatherDraws } from './draws.js';
import type { FloatImage } from './float-image.js';
import { withGradientMemory } from './gradient.js';
import { type ImageItem, mapItems } from './item.js';
import { checkDraws, type DrawOptions, drawsOf, loadDraws } from './measure.js';
import type { ModelParts } from './model-parts.js';
import { isAny, runEach } from './run-batches.js';
import { encodeGradientBatch } from './run-gradients.js';
import { type SurpriseItem, surpriseBatch } from './run-surprise.js';
import type { SurpriseForm } from './surprise-forms.js';

/** Options of `GlowModel.surprise`. */
export interface SurpriseOptions extends Omit<DrawOptions, 'bound'> {
  /** What the map shows; default `terms`. */
  readonly form?: SurpriseForm;
}

/** A number for each pixel of an image, row-major. */
export interface PixelMap {
  /** Height, width. */
  readonly shape: readonly [number, number];
  readonly data: Float32Array;
}

/** Where the bits of an image are. */
export interface Surprise {
  /**
   * Of form `terms`: the bits of each pixel, over its channels. Their sum is bitsPerDim·channels·height·width. A pixel
   * may have fewer than 0. Of form `gradient`: bits for one step of a pixel's value; the sum means nothing.
   */
  readonly map: PixelMap;
  /** As the method `bitsPerDim` gives it, from the same draws. */
  readonly bitsPerDim: number;
  /** How the image was brought to another size, which is that of the map. Undefined if the model saw it at its own. */
  readonly fitted?: Fitted;
}

export async function surprise(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: SurpriseOptions = {},
): Promise<Surprise[]> {
  const { form = 'terms' } = options;
  checkDraws(parts.manifest.config, 'surprise', options);
  const call = startCall(parts.manifest, 'surprise', images, options);
  const { bits, channels } = parts.manifest.config;
  const { own, run } = await mappers[form](parts);
  const batches = groupBySize(own, call, loadDraws(own, call, images, options));
  const mapped = mapItems(runEach(call, batches, isAny, run), ({ image, logProb, height, width, map }) => ({
    image,
    value: {
      map: { shape: [height, width], data: map } as PixelMap,
      bitsPerDim: bitsPerDimension(logProb, channels * height * width, bits),
    },
  }));
  return collect(call, gatherDraws(mapped, drawsOf(parts.manifest.config, options)), ({ image, values }) => {
    const fitted = call.fitOf(image);
    return {
      map: meanMap(values.map(({ map }) => map)),
      bitsPerDim: mean(values.map(({ bitsPerDim }) => bitsPerDim)),
      ...(fitted && { fitted }),
    };
  });
}

/** The graph of a form, opened: the map of each draw of a batch, in the form's unit. */
interface Mapper {
  /** The model, with the memory that the graph needs. */
  readonly own: ModelParts;
  run(batch: readonly ImageItem[]): ReturnType<typeof surpriseBatch>;
}

const mappers: Readonly<Record<SurpriseForm, (parts: ModelParts) => Promise<Mapper>>> = {
  async terms(parts) {
    const { config } = parts.manifest;
    const graph = await parts.graphs.surprise();
    // The bins of a pixel add n bits for each of its channels.
    const inBits = (nats: number) => config.channels * config.bits + nats / Math.LN2;
    return {
      own: parts,
      async run(batch) {
        const found = await surpriseBatch(graph, parts.graphs.device, config, batch);
        return found.map((item) => ('error' in item ? item : { ...item, map: item.map.map(inBits) }));
      },
    };
  },
  async gradient(parts) {
    const { config } = parts.manifest;
    const graph = await parts.graphs.gradient('encode');
    const perStep = 1 / (2 ** config.bits * Math.LN2);
    return {
      own: withGradientMemory(parts, graph.bytesPerPixel),
      async run(batch) {
        const found = await encodeGradientBatch(graph, config, batch);
        return found.map((item) => {
          if ('error' in item) return item;
          const { gradient, ...rest } = item;
          return {
            ...rest,
            map: lengths(gradient.data, item.height * item.width, perStep),
          } satisfies SurpriseItem;
        });
      },
    };
  },
};

/** The length of each pixel's numbers over its channels, times `unit`. */
function lengths(image: Float32Array, pixels: number, unit: number): Float32Array {
  const squares = new Float64Array(pixels);
  image.forEach((value, at) => {
    squares[at % pixels] = (squares[at % pixels] as number) + value * value;
  });
  return Float32Array.from(squares, (square) => unit * Math.sqrt(square));
}

/** The mean of maps of one shape. */
function meanMap(maps: readonly PixelMap[]): PixelMap {
  const [{ shape }] = maps as readonly [PixelMap];
  const data = Float32Array.from({ length: shape[0] * shape[1] }, (_, at) =>
    mean(maps.map((one) => one.data[at] as number)),
  );
  return { shape, data };
}

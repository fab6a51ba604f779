import type { Fit, GlowModel, Latents, RawImage, Score } from '@glow-onnx/runtime/node';
import type { Work } from './batcher.js';

/** The dequantisation draws of a score: the model's passes over a picture. */
export const scoreDraws = 8;

/** A picture file, and its class if the model has classes. */
export interface PictureItem {
  readonly picture: Uint8Array;
  readonly label: string | undefined;
}

interface EncodedPicture {
  readonly z: Latents;
  readonly logProb: number;
}

interface PictureWorks {
  readonly encode: Work<PictureItem, EncodedPicture>;
  readonly score: Work<PictureItem, Score>;
  readonly reconstruct: Work<PictureItem, RawImage>;
}

/** The calls that take pictures. The model checks `fit` and the labels. */
export function pictureWorks(model: GlowModel, fit: string | undefined): PictureWorks {
  const optionsOf = (items: readonly PictureItem[], signal: AbortSignal) => ({
    ...(fit !== undefined && { fit: fit as Fit }),
    ...labelsOf(items),
    signal,
  });
  const work = <Result>(
    name: string,
    call: (
      pictures: readonly Uint8Array[],
      options: ReturnType<typeof optionsOf>,
    ) => Promise<readonly Result[]>,
  ): Work<PictureItem, Result> => ({
    key: `${name}-pictures ${fit ?? ''}`,
    run: (items, signal) =>
      call(
        items.map(({ picture }) => picture),
        optionsOf(items, signal),
      ),
  });
  return {
    encode: work('encode', async (pictures, options) => {
      const { z, logProb } = await model.encode(pictures, options);
      return z.map((latents, i) => ({ z: latents, logProb: logProb[i] as number }));
    }),
    score: work('score', (pictures, options) => model.score(pictures, { ...options, draws: scoreDraws })),
    reconstruct: work('reconstruct', (pictures, options) => model.reconstruct(pictures, options)),
  };
}

/** Latents to a picture. */
export function decodeWork(
  model: GlowModel,
): Work<{ readonly latents: Latents; readonly label: string | undefined }, RawImage> {
  return {
    key: 'decode-pictures',
    run: (items, signal) =>
      model.decode(
        items.map(({ latents }) => latents),
        { ...labelsOf(items), signal },
      ),
  };
}

/** New pictures: each has its own seed. */
export function sampleWork(
  model: GlowModel,
): Work<
  { readonly seed: number; readonly temperature: number; readonly label: string | undefined },
  RawImage
> {
  return {
    key: 'sample-pictures',
    async run(items, signal) {
      const images: RawImage[] = [];
      for (const { seed, temperature, label } of items) {
        const options = { seed, temperature, ...(label !== undefined && { label }), signal };
        images.push(...(await model.sample(options)));
      }
      return images;
    },
  };
}

/** A list of labels if any item has one. The model refuses what does not fit it. */
function labelsOf(items: readonly { readonly label: string | undefined }[]): { label?: string[] } {
  return items.some(({ label }) => label !== undefined)
    ? { label: items.map(({ label }) => label as string) }
    : {};
}

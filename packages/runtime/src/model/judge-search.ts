import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { binToModel, bitsPerDimension, modelToBin } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import { mean } from '../mean.js';
import { fromModel } from '../pictures/images.js';
import type { PictureSize } from '../pictures/limits.js';
import type { Method } from '../restore/methods.js';
import type { Prior } from '../restore/prior.js';
import { streamOf } from './draws.js';

/** What a search has made of one image. */
export interface Judged {
  /** At the centres of its bins. */
  readonly x: Float32Array;
  /** In nats. */
  readonly logProb: number;
  /** As training measures them: the mean over draws within the bins. */
  readonly bitsPerDim: number;
  /** Whether it is the start, because the search found nothing better. */
  readonly isStart: boolean;
}

/** Images of a batch, one after another, in model units. */
export interface Searched {
  readonly found: Float32Array;
  readonly start: Float32Array;
}

export interface Judging {
  readonly config: Pick<GlowConfig, 'bits'>;
  readonly size: PictureSize;
  readonly method: Method;
}

/** Draws within the bins. */
const draws = 4;

/**
 * The better one of found and start for each image, at the centres of its bins, by what the method looks for: a high
 * log p, or likely latents.
 * @param isRivalled whether the start of an image may take the place of what the model can compute. Not for a sample,
 * which is often less likely than a smooth fill, and not for noise.
 */
export async function judgeSearch(
  prior: Prior,
  { config: { bits }, size, method }: Judging,
  isRivalled: readonly boolean[],
  { found, start }: Searched,
): Promise<Judged[]> {
  const [ours, theirs] = [await rounded(found), await rounded(start)];
  const isStart = isRivalled.map((rivalled, n) => {
    if (!Number.isFinite(ours.logProb[n])) return true;
    return rivalled && (theirs.worth[n] as number) > (ours.worth[n] as number);
  });
  const images = isStart.map((is, n) => partOf((is ? theirs : ours).x, n));
  const bitsPerDim = await bitsOf(images);
  return images.map((x, n) => ({
    x,
    logProb: (isStart[n] ? theirs : ours).logProb[n] as number,
    bitsPerDim: bitsPerDim[n] as number,
    isStart: isStart[n] as boolean,
  }));

  function partOf(values: Float32Array, n: number): Float32Array {
    return values.slice(n * prior.size, (n + 1) * prior.size);
  }

  /** With log p, and what the method seeks the highest value of. */
  async function rounded(values: Float32Array) {
    const x = values.map((value) => binToModel(modelToBin(value, bits), bits, 0.5));
    const { logProb, z } = await prior.encode(x);
    return { x, logProb, worth: method === 'density' ? logProb : logPriors(z, prior.batch) };
  }

  async function bitsOf(centres: readonly Float32Array[]): Promise<number[]> {
    const uniforms = centres.map(
      (x) => createRandom(0, streamOf(fromModel({ x, ...size }, bits), bits)).uniform,
    );
    const found = centres.map(() => [] as number[]);
    for (let draw = 0; draw < draws; draw++) {
      const drawn = centres.map((x, n) =>
        x.map((value) => value + ((uniforms[n] as () => number)() - 0.5) / 2 ** bits),
      );
      const { logProb } = await prior.encode(joined(drawn));
      for (const [n, list] of found.entries()) {
        list.push(bitsPerDimension(logProb[n] as number, prior.size, bits));
      }
    }
    return found.map(mean);
  }
}

/** log N(z; 0, I) of each image of a batch, without its constant. */
function logPriors(z: readonly Float32Array[], batch: number): Float32Array {
  return Float32Array.from({ length: batch }, (_, n) =>
    z.reduce((sum, level) => {
      const size = level.length / batch;
      const own = level.subarray(n * size, (n + 1) * size);
      return own.reduce((rest, value) => rest - value ** 2 / 2, sum);
    }, 0),
  );
}

/** Images of one size, one after another. */
export function joined(images: readonly Float32Array[]): Float32Array {
  const size = (images[0] as Float32Array).length;
  const all = new Float32Array(images.length * size);
  for (const [n, image] of images.entries()) all.set(image, n * size);
  return all;
}

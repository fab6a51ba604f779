// Restores some pictures of one case: one result line each.

import { filled, halved, maskOf, noisyOf, psnr } from './cases.mjs';
import { bicubic, blocks } from './enlarged.mjs';
import { harmonic } from './harmonic.mjs';
import { peers } from './peer.mjs';

/** Pictures whose results are kept whole, for the grids. */
export const shown = 8;

/**
 * @param places which pictures.
 * @returns lines { id, picture, psnr by method, logProb, trueLogProb, typical, method, seconds, images }
 */
export function restoreCase(one, places, context) {
  switch (one.task) {
    case 'inpaint':
      return inpaint(one, places, context);
    case 'denoise':
      return denoise(one, places, context);
    case 'enlarge':
      return enlarge(one, places, context);
    case 'samples':
      return samples(one, places, context);
    default:
      throw new RangeError(`no task ${one.task}`);
  }
}

async function inpaint(one, places, { glow, pictures, mean, steps }) {
  const truths = places.map((i) => pictures[i]);
  const masks = places.map((i) => maskOf(one, pictures[i], i));
  const { results, seconds } = await timed(places.length, () =>
    glow.inpaint(truths, masks, steps && { steps }),
  );
  const { logProb } = await glow.encode(truths);
  return places.map((picture, n) => {
    const [truth, mask] = [truths[n], masks[n]];
    const images = {
      known: filled(
        truth,
        mask,
        truth.data.map(() => 128),
      ),
      mean: filled(truth, mask, mean),
      harmonic: harmonic(truth, mask),
      restored: results[n].images[0],
      truth,
    };
    return line(one, picture, { images, truth, mask, found: results[n], trueLogProb: logProb[n], seconds });
  });
}

async function denoise(one, places, { glow, pictures, peer, steps }) {
  const { sigma, set } = one;
  const truths = places.map((i) => pictures[i]);
  const noisy = places.map((i) => noisyOf(one, pictures[i], i));
  const { results, seconds } = await timed(places.length, () =>
    glow.denoise(noisy, { sigma, ...(steps && { steps }) }),
  );
  const { logProb } = await glow.encode(truths);
  const lines = [];
  for (const [n, picture] of places.entries()) {
    const truth = truths[n];
    const plain = (await peer?.denoise(noisy[n], set, sigma)) ?? {};
    const others = Object.fromEntries(
      peers.flatMap((name) =>
        plain[name] ? [[name, { ...truth, data: Uint8Array.from(plain[name].data) }]] : [],
      ),
    );
    const images = { noisy: noisy[n], ...others, restored: results[n].images[0], truth };
    lines.push(line(one, picture, { images, truth, found: results[n], trueLogProb: logProb[n], seconds }));
  }
  return lines;
}

async function enlarge(one, places, { glow, pictures, steps }) {
  const truths = places.map((i) => pictures[i]);
  const small = truths.map(halved);
  const { results, seconds } = await timed(places.length, () =>
    glow.enlarge(small, { factor: 2, ...(steps && { steps }) }),
  );
  const { logProb } = await glow.encode(truths);
  const lines = [];
  for (const [n, picture] of places.entries()) {
    const truth = truths[n];
    const images = {
      blocks: blocks(small[n]),
      bicubic: bicubic(small[n]),
      restored: results[n].images[0],
      truth,
    };
    lines.push(line(one, picture, { images, truth, found: results[n], trueLogProb: logProb[n], seconds }));
  }
  return lines;
}

/** How often the range of the draws holds the true value of a pixel: of n draws in (n − 1)/(n + 1), if they are right. */
async function samples(one, places, { glow, pictures, steps, draws }) {
  const lines = [];
  for (const picture of places) {
    const truth = pictures[picture];
    const mask = maskOf(one, truth, picture);
    const { results, seconds } = await timed(draws, () =>
      glow.inpaint(truth, mask, { samples: draws, seed: picture, ...(steps && { steps }) }),
    );
    const [{ images, mean, typical, logProb, spread }] = results;
    let [within, values, deviation] = [0, 0, 0];
    for (const [i, value] of truth.data.entries()) {
      const [pixel, c] = [Math.floor(i / truth.channels), i % truth.channels];
      if (mask.data[pixel] === 0) continue;
      const drawn = images.map(({ data }) => data[i]);
      within += Number(value >= Math.min(...drawn) && value <= Math.max(...drawn));
      deviation += spread.data[c * truth.height * truth.width + pixel];
      values++;
    }
    const measured = { harmonic: harmonic(truth, mask), mean };
    const own = Object.fromEntries(
      Object.entries(measured).map(([name, image]) => [name, psnr(image, truth, mask)]),
    );
    const ofSamples = images.map((image) => psnr(image, truth, mask));
    const first = Object.fromEntries(images.slice(0, 6).map((image, i) => [`sample ${i + 1}`, image]));
    const kept = {
      known: filled(
        truth,
        mask,
        truth.data.map(() => 128),
      ),
      ...first,
      'their mean': mean,
      truth,
    };
    lines.push({
      id: one.id,
      picture,
      draws,
      psnr: { ...own, sample: ofSamples.reduce((sum, value) => sum + value, 0) / draws },
      coverage: within / values,
      deviation: deviation / values,
      typical: typical.filter(Boolean).length / draws,
      logProb: logProb.reduce((sum, value) => sum + value, 0) / draws,
      trueLogProb: (await glow.encode(truth)).logProb[0],
      seconds,
      ...(picture < shown && { images: written(kept) }),
    });
  }
  return lines;
}

/** What a call returns, and its processor time for each of its pictures. */
async function timed(count, call) {
  const before = process.cpuUsage();
  const results = await call();
  const { user, system } = process.cpuUsage(before);
  return { results, seconds: (user + system) / 1e6 / count };
}

function line(one, picture, { images, truth, mask, found, trueLogProb, seconds }) {
  const { logProb, typical, method } = found;
  const { truth: _, known: __, ...measured } = images;
  return {
    id: one.id,
    picture,
    psnr: Object.fromEntries(
      Object.entries(measured).map(([name, image]) => [name, psnr(image, truth, mask)]),
    ),
    logProb: logProb[0],
    trueLogProb,
    typical: Number(typical[0]),
    method: method[0],
    seconds,
    ...(picture < shown && { images: written(images) }),
  };
}

const written = (images) =>
  Object.fromEntries(
    Object.entries(images).map(([name, { data, ...size }]) => [
      name,
      { ...size, data: Buffer.from(data).toString('base64') },
    ]),
  );

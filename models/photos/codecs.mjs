// Bits of held-out images under the model, beside lossless codecs.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/**
 * Bytes of an image as each codec writes it. A small file is for the most part its header, so `JPEG XL, no header` is
 * less the bytes of a black image of the same size, in which nothing else is left: this favours JPEG XL.
 */
const codecs = {
  PNG: async ({ raw, info }) =>
    (await sharp(raw, info).png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer()).length,
  'WebP, lossless': async ({ raw, info }) =>
    (await sharp(raw, info).webp({ lossless: true, effort: 6 }).toBuffer()).length,
  'JPEG XL': async ({ image, folder }) => jpegXl(image, folder),
  'JPEG XL, no header': async ({ image, folder }) =>
    (await jpegXl(image, folder)) -
    (await jpegXl({ ...image, data: new Uint8Array(image.data.length) }, folder)),
};
export const codecNames = Object.keys(codecs);

const sizes = new Map();
/** `cjxl -d 0 -e 9`, of Debian's libjxl-tools. */
async function jpegXl(image, folder) {
  const key = Buffer.from(image.data).toString('latin1');
  if (!sizes.has(key)) {
    const [png, jxl] = [join(folder, 'image.png'), join(folder, 'image.jxl')];
    const { data, width, height, channels } = image;
    await sharp(Buffer.from(data), { raw: { width, height, channels } }).toFile(png);
    execFileSync('cjxl', ['-d', '0', '-e', '9', '--num_threads', '0', '--quiet', png, jxl], {
      stdio: 'ignore',
    });
    sizes.set(key, (await stat(jxl)).size);
  }
  return sizes.get(key);
}

/** The version of cjxl. @throws Error if it is not installed. */
export function cjxlVersion() {
  return execFileSync('cjxl', ['--version'], { encoding: 'utf8' }).split(/\s+/).slice(0, 2).join(' ');
}

/**
 * Bits/dim by codec.
 * @returns for each image a record from codec to bits/dim
 */
export async function codecBits(images) {
  const folder = await mkdtemp(join(tmpdir(), 'codecs-'));
  try {
    const rows = [];
    for (const image of images) {
      const { data, width, height, channels } = image;
      const given = { raw: Buffer.from(data), info: { raw: { width, height, channels } }, image, folder };
      const row = {};
      for (const [name, bytes] of Object.entries(codecs))
        row[name] = ((await bytes(given)) * 8) / data.length;
      rows.push(row);
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Mean over photographs, each of which counts once, with the half-width of its 95 % interval (Student's t over
 * photographs: patches of one photograph are alike).
 * @param values one for each image; @param groups the photograph of each image
 */
export function overGroups(values, groups) {
  const means = [...new Set(groups)].map((group) => {
    const own = values.filter((_, i) => groups[i] === group);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  const n = means.length;
  const mean = means.reduce((sum, value) => sum + value, 0) / n;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, half: student95(n - 1) * Math.sqrt(variance / n), means };
}

/** The 97.5 % quantile of Student's t. */
function student95(freedom) {
  const quantiles = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
  if (freedom < 1 || freedom > quantiles.length)
    throw new RangeError(`no quantile for ${freedom} degrees of freedom`);
  return quantiles[freedom - 1];
}

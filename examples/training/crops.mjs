// Cuts square crops out of photos, each at a random place and of a random size:
// node examples/training/crops.mjs PHOTOS OUT [--count 1200] [--held-out 3] [--size 32] [--seed 1]
// OUT/crops is for training. OUT/held-out has crops of whole photos that training does not see.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom, shuffle } from '@glow-onnx/flow/random';
import sharp from 'sharp';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '1200' },
    'held-out': { type: 'string', default: '3' },
    size: { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
  },
});
const [photosFolder, out] = positionals;
if (out === undefined) throw new Error('usage: node examples/training/crops.mjs PHOTOS OUT [--count 1200] …');
const [count, heldOut, size, seed] = ['count', 'held-out', 'size', 'seed'].map((name) =>
  Number(values[name]),
);

const names = (await readdir(photosFolder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
if (names.length <= heldOut) {
  throw new Error(`${photosFolder} has ${names.length} photos, expected more than the ${heldOut} held out`);
}
const random = createRandom(seed);
shuffle(names, random);
/** As many crops of each held-out photo as of the others. */
const perPhoto = Math.ceil(count / (names.length - heldOut));
let left = count;
for (const [i, name] of names.entries()) {
  const folder = join(out, i < heldOut ? 'held-out' : 'crops');
  await mkdir(folder, { recursive: true });
  const photo = await sharp(join(photosFolder, name))
    .rotate()
    .flatten({ background: 'white' })
    .toColourspace('srgb');
  const { data, info } = await photo.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const longest = Math.min(width, height);
  const wanted = i < heldOut ? perPhoto : Math.min(perPhoto, left);
  if (i >= heldOut) left -= wanted;
  for (let k = 0; k < wanted; k++) {
    // Between an eighth of the photo and all of it; every factor is as likely as every other one.
    const side = Math.max(size, Math.floor(longest * 8 ** (random.uniform() - 1)));
    const at = { left: random.below(width - side + 1), top: random.below(height - side + 1) };
    await sharp(data, { raw: { width, height, channels } })
      .extract({ ...at, width: side, height: side })
      .resize(size, size)
      .png()
      .toFile(join(folder, `${name.replace(/\.\w+$/, '')}-${k}.png`));
  }
}
console.log(
  `${out}: ${count} crops of ${names.length - heldOut} photos; held out: ${names.slice(0, heldOut).join(', ')}`,
);

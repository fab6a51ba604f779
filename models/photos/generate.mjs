// Cuts the patches of models/photos: node models/photos/generate.mjs --from DIR [--from DIR …] --out DIR [--count 200000]
// photos.json names the photographs. DIR has them, at any depth: the folder of `git clone` or of `dpkg-deb -x`.
// OUT/photos.{png,json} is for training. OUT/held-out.{png,json} has patches of photographs that training does not
// see, with the photograph as their label, and OUT/crops has 128×128 crops of these.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom, shuffle } from '@glow-onnx/flow/random';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import sharp from 'sharp';
import { integer } from '../options.mjs';

const tile = 32;
const columns = 400;
/** Photographs are reduced by one of these first: little of JPEG's traces is left. Patches show things of several sizes. */
const reductions = [2, 3, 4];
const heldOutPatches = 500; // of each photograph
const crops = { side: 128, each: 4 };

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    from: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
    count: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = integer(options, 'seed', { least: 0 });
if (options.out === undefined || options.from.length === 0) {
  throw new Error(
    'usage: node models/photos/generate.mjs --from DIR [--from DIR …] --out DIR [--count 200000]',
  );
}
const count = integer(options, 'count', { most: 250_000 });

const { photos, sources } = JSON.parse(await readFile(join(here, 'photos.json'), 'utf8'));
const found = await Promise.all(options.from.map((folder) => readdir(folder, { recursive: true })));
const paths = found.flatMap((names, i) => names.map((name) => join(options.from[i], name)));

/** @throws Error if the photograph is not there, or is another one. */
async function readPhoto({ file, source, sha256 }) {
  const path = paths.find((candidate) => candidate.endsWith(sep + file.replaceAll('/', sep)));
  if (path === undefined)
    throw new Error(`${file} is in none of ${options.from}; it is from ${sources[source]}`);
  const bytes = await readFile(path);
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (hash !== sha256) throw new Error(`${path} is another file than the one of ${sources[source]}`);
  return bytes;
}

/** The photograph reduced by each factor, as RGB bytes. */
async function reduced(photo) {
  const image = sharp(await readPhoto(photo), { ignoreIcc: true }) // the numbers as they are, by no colour profile
    .rotate()
    .flatten({ background: 'white' })
    .toColourspace('srgb');
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return Promise.all(
    reductions.map(async (factor) => {
      const [width, height] = [info.width, info.height].map((side) => Math.floor(side / factor));
      const small = sharp(data, { raw }).resize(width, height, { fit: 'fill' }).raw();
      return { data: await small.toBuffer(), width, height, channels: info.channels };
    }),
  );
}

/** A square at a random place of an image of a random size, as RGB bytes. */
function cut(images, side, random) {
  const { data, width, height, channels } = images[random.below(images.length)];
  const [left, top] = [random.below(width - side + 1), random.below(height - side + 1)];
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = ((top + y) * width + left + x) * channels;
      for (let c = 0; c < 3; c++) pixels[(y * side + x) * 3 + c] = data[from + (channels === 3 ? c : 0)];
    }
  }
  return pixels;
}

async function writeSheet(name, patches, labels) {
  const [width, height] = [columns * tile, Math.ceil(patches.length / columns) * tile];
  const sheet = Buffer.alloc(width * height * 3);
  for (const [index, patch] of patches.entries()) {
    const at = (Math.floor(index / columns) * tile * width + (index % columns) * tile) * 3;
    for (let y = 0; y < tile; y++) {
      sheet.set(patch.subarray(y * tile * 3, (y + 1) * tile * 3), at + y * width * 3);
    }
  }
  const raw = { width, height, channels: 3 };
  const png = await sharp(sheet, { raw, limitInputPixels: false }).png({ compressionLevel: 3 }).toBuffer();
  const description = {
    format: 'glow-onnx-sheet',
    version: 1,
    name,
    licence: 'see photos.json',
    image: `${name}.png`,
    tile: { width: tile, height: tile },
    columns,
    count: patches.length,
    ...(labels && { labels }),
  };
  await writeFileAtomic(join(options.out, `${name}.png`), png);
  await writeFileAtomic(join(options.out, `${name}.json`), `${JSON.stringify(description, null, 2)}\n`);
}

await mkdir(join(options.out, 'crops'), { recursive: true });
const seen = photos.filter(({ heldOut }) => !heldOut);
const unseen = photos.filter(({ heldOut }) => heldOut);

const held = [];
for (const [i, photo] of unseen.entries()) {
  const images = await reduced(photo);
  const random = createRandom(seed, photos.indexOf(photo));
  for (let k = 0; k < heldOutPatches; k++) held.push(cut(images, tile, random));
  for (let k = 0; k < crops.each; k++) {
    const raw = { width: crops.side, height: crops.side, channels: 3 };
    const png = await sharp(cut(images, crops.side, random), { raw })
      .png()
      .toBuffer();
    await writeFileAtomic(join(options.out, 'crops', `${String.fromCharCode(97 + i)}-${k}.png`), png);
  }
}
const photograph = {
  values: unseen.map(({ file }) => file),
  indices: held.map((_, index) => Math.floor(index / heldOutPatches).toString(36)).join(''),
};
await writeSheet('held-out', held, { photograph });

const patches = [];
for (const [i, photo] of seen.entries()) {
  const images = await reduced(photo);
  const random = createRandom(seed, photos.indexOf(photo));
  const until = Math.round((count * (i + 1)) / seen.length);
  while (patches.length < until) patches.push(cut(images, tile, random));
}
shuffle(patches, createRandom(seed, photos.length));
await writeSheet('photos', patches);
console.log(
  `${options.out}: ${patches.length} patches of ${seen.length} photographs, ${held.length} of ${unseen.length} others`,
);

// Draws faces.png and faces.json anew: node models/faces/generate.mjs [--count 20000] [--seed 1] [--out DIR]
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow/random';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { SingleBar } from 'cli-progress';
import sharp from 'sharp';
import { attributes, faceSize, randomFace, renderFace, renderFaceAt } from './face.mjs';

/** Faces per row of the sheet: 20,000 fill it without a gap. */
const columns = 160;

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: here },
  },
});
const count = Number(options.count);
const seed = Number(options.seed);
if (!Number.isInteger(count) || count < 1 || count > 500_000) {
  throw new RangeError(`--count must be an integer from 1 to 500000, got ${options.count}`);
}

const width = columns * faceSize;
const height = Math.ceil(count / columns) * faceSize;
const sheet = Buffer.alloc(width * height * 3);
const digits = Object.fromEntries(Object.keys(attributes).map((name) => [name, '']));
const bar = new SingleBar({ format: 'faces {bar} {value}/{total}', etaBuffer: 500 });
bar.start(count, 0);
for (let index = 0; index < count; index++) {
  const face = randomFace(createRandom(seed, index));
  const pixels = renderFace(face);
  if (index < 500) checkCrisp(index, face, pixels);
  const top = Math.floor(index / columns) * faceSize;
  const left = (index % columns) * faceSize;
  for (let y = 0; y < faceSize; y++) {
    const row = pixels.subarray(y * faceSize * 3, (y + 1) * faceSize * 3);
    sheet.set(row, ((top + y) * width + left) * 3);
  }
  for (const [name, choices] of Object.entries(attributes)) {
    digits[name] += Object.keys(choices).indexOf(face[name]).toString(36);
  }
  if (index % 100 === 99) bar.update(index + 1);
}
bar.update(count);
bar.stop();

const raw = { width, height, channels: 3 };
const png = await sharp(sheet, { raw, limitInputPixels: false })
  .png({ palette: true, colours: 256, quality: 100, dither: 0, effort: 10, compressionLevel: 9 })
  .toBuffer();
const stored = await sharp(png, { limitInputPixels: false }).removeAlpha().raw().toBuffer();
if (!stored.equals(sheet))
  throw new Error('faces.png: the palette loses colours; the faces use more than 256');

const version = async (name) =>
  JSON.parse(await readFile(join(here, '../../node_modules', name, 'package.json'), 'utf8')).version;
const packages = ['@dicebear/core', '@dicebear/pixel-art', '@resvg/resvg-js', 'sharp'];
const description = {
  format: 'glow-onnx-sheet',
  version: 1,
  name: 'faces',
  licence: 'CC0-1.0',
  source: 'Pixel Art by DiceBear, https://www.figma.com/community/file/1198754108850888330',
  command: `node models/faces/generate.mjs --count ${count} --seed ${seed}`,
  packages: Object.fromEntries(await Promise.all(packages.map(async (name) => [name, await version(name)]))),
  image: 'faces.png',
  tile: { width: faceSize, height: faceSize },
  columns,
  count,
  labels: Object.fromEntries(
    Object.entries(attributes).map(([name, choices]) => [
      name,
      { values: Object.keys(choices), indices: digits[name] },
    ]),
  ),
};
await mkdir(options.out, { recursive: true });
await writeFileAtomic(join(options.out, 'faces.png'), png);
await writeFileAtomic(join(options.out, 'faces.json'), `${JSON.stringify(description, null, 2)}\n`);
console.log(`${count} faces, ${png.length} bytes (${(png.length / count).toFixed(1)} each)`);

/** @throws Error unless each pixel, drawn four times as large, is 4×4 of the same colour: nothing is smoothed. */
function checkCrisp(index, face, pixels) {
  const enlarged = renderFaceAt(face, faceSize * 4);
  for (let i = 0; i < enlarged.length; i++) {
    const channel = i % 3;
    const x = Math.floor(i / 3) % (faceSize * 4);
    const y = Math.floor(i / 3 / (faceSize * 4));
    if (enlarged[i] !== pixels[((y >> 2) * faceSize + (x >> 2)) * 3 + channel]) {
      throw new Error(`face ${index} is smoothed at ${x >> 2}, ${y >> 2}; has the rasteriser changed?`);
    }
  }
}

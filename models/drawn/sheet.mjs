// Draws a sheet of avatars and its description with labels (docs/data.md).

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { SingleBar } from 'cli-progress';
import sharp from 'sharp';
import { integer } from '../options.mjs';

/** Faces per row of the sheet. */
const columns = 160;

/**
 * Writes faces.png and faces.json: what `generate.mjs [--count N] [--seed 1] [--out DIR]` of a model does.
 * @param folder of the model: where the sheet goes without --out. @param count of faces without --count
 * @param design `attributes`, `faceSize`, `faceAt(seed, index)`, `renderFace(face)`
 * @param png how sharp writes the sheet. @param facts `licence`, `source` and `packages` of the description
 * @param check is called with index, face and pixels of the first 500
 * @throws RangeError for a count or a seed that is none; Error if the PNG does not hold exactly the pixels drawn.
 */
export async function generateSheet({ folder, count: usual, design, png, facts, check }) {
  const { values: options } = parseArgs({
    options: {
      count: { type: 'string', default: `${usual}` },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: folder },
    },
  });
  const count = integer(options, 'count', { most: 500_000 });
  const seed = integer(options, 'seed', { least: 0, most: 2 ** 32 - 1 });
  const { sheet, raw, indices } = draw(design, seed, count, check);
  const file = await sharp(sheet, { raw, limitInputPixels: false }).png(png).toBuffer();
  const stored = await sharp(file, { limitInputPixels: false }).removeAlpha().raw().toBuffer();
  if (!stored.equals(sheet)) throw new Error('faces.png: the file does not hold the pixels drawn');

  const name = folder.split(/[\\/]/).at(-1);
  const description = {
    format: 'glow-onnx-sheet',
    version: 1,
    name,
    licence: facts.licence,
    source: facts.source,
    command: `node models/${name}/generate.mjs --count ${count} --seed ${seed}`,
    packages: Object.fromEntries(
      await Promise.all(facts.packages.map(async (name) => [name, await version(name)])),
    ),
    image: 'faces.png',
    tile: { width: design.faceSize, height: design.faceSize },
    columns,
    count,
    labels: Object.fromEntries(
      Object.entries(design.attributes).map(([name, choices]) => [
        name,
        { values: Object.keys(choices), indices: indices[name] },
      ]),
    ),
  };
  await mkdir(options.out, { recursive: true });
  await writeFileAtomic(join(options.out, 'faces.png'), file);
  await writeFileAtomic(join(options.out, 'faces.json'), `${JSON.stringify(description, null, 2)}\n`);
  console.log(`${count} faces, ${file.length} bytes (${(file.length / count).toFixed(1)} each)`);
}

function draw({ attributes, faceSize, faceAt, renderFace }, seed, count, check) {
  const width = columns * faceSize;
  const height = Math.ceil(count / columns) * faceSize;
  const sheet = Buffer.alloc(width * height * 3);
  const indices = Object.fromEntries(Object.keys(attributes).map((name) => [name, '']));
  const bar = new SingleBar({ format: 'faces {bar} {value}/{total}', etaBuffer: 500 });
  bar.start(count, 0);
  for (let index = 0; index < count; index++) {
    const face = faceAt(seed, index);
    const pixels = renderFace(face);
    if (index < 500) check?.(index, face, pixels);
    const top = Math.floor(index / columns) * faceSize;
    const left = (index % columns) * faceSize;
    for (let y = 0; y < faceSize; y++) {
      const row = pixels.subarray(y * faceSize * 3, (y + 1) * faceSize * 3);
      sheet.set(row, ((top + y) * width + left) * 3);
    }
    for (const [name, choices] of Object.entries(attributes)) {
      indices[name] += Object.keys(choices).indexOf(face[name]).toString(36);
    }
    if (index % 100 === 99) bar.update(index + 1);
  }
  bar.update(count);
  bar.stop();
  return { sheet, raw: { width, height, channels: 3 }, indices };
}

async function version(name) {
  const path = fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url));
  return JSON.parse(await readFile(path, 'utf8')).version;
}

// Draws the pictures of the bench: node bench/defects/generate.mjs --out DIR
//
// For each surface, as sheets: NAME.{png,json}, 20,000 good tiles of 32×32 to train on; NAME-test.{png,json}, 100 pictures
// of 64×64 for each defect and 100 good ones, with the defect as their label; NAME-masks.{png,json}, the pixels of the
// defects. The same numbers give the same pictures on every machine.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import sharp from 'sharp';
import { integer } from '../../models/options.mjs';
import { defectsOf } from './defects.mjs';
import { drawPicture } from './picture.mjs';

const seeds = { train: 1, test: 2 };
const sides = { train: 32, test: 64 };
const columns = { train: 200, test: 20 };

const text = { type: 'string' };
const { values } = parseArgs({
  options: { out: text, train: { ...text, default: '20000' }, test: { ...text, default: '100' } },
});
const count = Object.fromEntries(['train', 'test'].map((name) => [name, integer(values, name)]));
if (values.out === undefined) throw new Error('usage: node bench/defects/generate.mjs --out DIR');

const contrasts = JSON.parse(readFileSync(new URL('contrasts.json', import.meta.url), 'utf8'));
mkdirSync(values.out, { recursive: true });
for (const [surface, kinds] of Object.entries(defectsOf)) {
  const good = Array.from({ length: count.train }, (_, i) =>
    drawPicture(surface, sides.train, seeds.train, i),
  );
  await writeSheet(surface, good, 'train');
  const labelled = [undefined, ...kinds].flatMap((kind, k) =>
    Array.from({ length: count.test }, (_, i) =>
      drawPicture(
        ...[surface, sides.test, seeds.test, k * count.test + i],
        kind && { kind, contrast: contrasts[surface][kind] },
      ),
    ),
  );
  const defect = {
    values: ['good', ...kinds],
    indices: labelled.map((_, i) => Math.floor(i / count.test)).join(''),
  };
  await writeSheet(`${surface}-test`, labelled, 'test', { defect });
  const masks = labelled.map(({ mask, ...picture }) => ({
    ...picture,
    data: Uint8Array.from(picture.data, (_, i) => mask[Math.floor(i / 3)] * 255),
  }));
  await writeSheet(`${surface}-masks`, masks, 'test', { defect });
  console.log(`${surface}: ${good.length} to train on, ${labelled.length} to test`);
}

/** docs/format.md describes the file. */
async function writeSheet(name, pictures, use, labels) {
  const side = sides[use];
  const [width, height] = [columns[use] * side, Math.ceil(pictures.length / columns[use]) * side];
  const sheet = Buffer.alloc(width * height * 3);
  for (const [index, { data }] of pictures.entries()) {
    const at = (Math.floor(index / columns[use]) * side * width + (index % columns[use]) * side) * 3;
    for (let y = 0; y < side; y++) {
      sheet.set(data.subarray(y * side * 3, (y + 1) * side * 3), at + y * width * 3);
    }
  }
  const raw = { width, height, channels: 3 };
  const png = await sharp(sheet, { raw, limitInputPixels: false }).png({ compressionLevel: 3 }).toBuffer();
  const description = {
    ...{ format: 'glow-onnx-sheet', version: 1, name, licence: 'CC0-1.0', image: `${name}.png` },
    ...{ tile: { width: side, height: side }, columns: columns[use], count: pictures.length },
    ...(labels && { labels }),
  };
  await writeFileAtomic(join(values.out, `${name}.png`), png);
  await writeFileAtomic(join(values.out, `${name}.json`), `${JSON.stringify(description, null, 2)}\n`);
}

// How often the brightest pixel of a map lies at a fault: the table of "Where the bits are" in docs/anomaly-detection.md.
//   node models/faces/places.mjs                prints it
//   node models/faces/places.mjs --write        and renews it there
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom } from '@glow-onnx/flow/random';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openDataset } from '@glow-onnx/trainer';
import { replaceTable, table } from './tables.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const side = 16;
const [count, others] = [200, 200];
/** Pixels beside a fault that still count. */
const near = 2;
const random = createRandom(1);

const glow = await loadGlow(here, { threads: 1 });
const data = await openDataset(join(here, 'faces.json'), { limit: count + others }); // the model has seen none of them
const all = await data.images(Uint32Array.from({ length: count + others }, (_, i) => i));
const [faces, good] = [all.slice(0, count), all.slice(count)];

/** Faces with a square of this size changed, and the place of each square. */
function faulty(size, colourAt) {
  return faces.map((face, i) => {
    const [top, left] = [random.below(side - size + 1), random.below(side - size + 1)];
    const pixels = face.data.slice();
    const own = colourAt(i);
    for (let y = top; y < top + size; y++) {
      for (let x = left; x < left + size; x++) {
        for (let c = 0; c < 3; c++) pixels[(y * side + x) * 3 + c] = own((y * side + x) * 3 + c, c);
      }
    }
    return { image: { ...face, data: pixels }, top, left, size };
  });
}
const anyColour = () => {
  const colour = [random.below(256), random.below(256), random.below(256)];
  return (_at, c) => colour[c];
};
const faults = {
  'one pixel of any colour': faulty(1, anyColour),
  'a square of 3×3 of any colour': faulty(3, anyColour),
  'a square of 5×5 of another face': faulty(5, (i) => (at) => good[i].data[at]),
};

const mapsOf = async (images, form) => (await glow.surprise(images, { form })).map(({ map }) => map.data);
/** The mean map of good faces, which shows where faces are surprising anyway. */
const usual = (await mapsOf(good, 'terms')).reduce((sum, map) => sum.map((v, i) => v + map[i] / others));

const isNear = (at, { top, left, size }) => {
  const [y, x] = [Math.floor(at / side), at % side];
  const outside = (place, start) => Math.max(start - place, place - (start + size - 1), 0);
  return Math.max(outside(y, top), outside(x, left)) <= near;
};
const share = (hits, of) => `${Math.round((100 * hits) / of)} %`;
const found = (maps, places) =>
  share(places.filter((place, i) => isNear(maps[i].indexOf(Math.max(...maps[i])), place)).length, count);
const byChance = (places) => {
  const pixels = Array.from({ length: side * side }, (_, i) => i);
  const hits = places.reduce((sum, place) => sum + pixels.filter((at) => isNear(at, place)).length, 0);
  return share(hits, count * side * side);
};

const rows = [];
for (const [name, places] of Object.entries(faults)) {
  const images = places.map(({ image }) => image);
  const [terms, gradient] = [await mapsOf(images, 'terms'), await mapsOf(images, 'gradient')];
  const less = terms.map((map) => map.map((value, i) => value - usual[i]));
  rows.push([name, found(terms, places), found(less, places), found(gradient, places), byChance(places)]);
}
await glow.dispose();

const report = table(['fault', 'terms', 'terms less the usual map', 'gradient', 'by chance'], rows);
console.log(report);
if (process.argv.includes('--write')) {
  const page = join(here, '../../docs/anomaly-detection.md');
  await writeFileAtomic(page, replaceTable(await readFile(page, 'utf8'), report));
}

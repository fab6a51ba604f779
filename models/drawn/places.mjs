// How often the brightest pixel of a map of surprise lies at a fault of a face.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow/random';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openDataset } from '@glow-onnx/trainer';
import { replaceTable, table } from '../tables.mjs';

const [count, others] = [200, 200];
/** Pixels beside a fault that still count. */
const near = 2;

/**
 * Prints the table of faults found: what `places.mjs [--write]` of a model does.
 * @param folder of the model, with the sheet faces.json of square faces that it has not seen
 * @param page whose table of the same header `--write` renews
 */
export async function findPlaces({ folder, page }) {
  const data = await openDataset(join(folder, 'faces.json'), { limit: count + others });
  const all = await data.images(Uint32Array.from({ length: count + others }, (_, i) => i));
  const [faces, good] = [all.slice(0, count), all.slice(count)];
  const glow = await loadGlow(folder, { threads: 1 });
  const mapsOf = async (images, form) => (await glow.surprise(images, { form })).map(({ map }) => map.data);
  /** The mean map of good faces, which shows where faces are surprising anyway. */
  const usual = (await mapsOf(good, 'terms')).reduce((sum, map) => sum.map((v, i) => v + map[i] / others));
  const rows = [];
  for (const [name, places] of Object.entries(faultsOf(faces, good))) {
    const images = places.map(({ image }) => image);
    const [terms, gradient] = [await mapsOf(images, 'terms'), await mapsOf(images, 'gradient')];
    const less = terms.map((map) => map.map((value, i) => value - usual[i]));
    rows.push([name, found(terms, places), found(less, places), found(gradient, places), byChance(places)]);
  }
  await glow.dispose();

  const report = table('lr', ['fault', 'terms', 'terms less the usual map', 'gradient', 'by chance'], rows);
  console.log(report);
  if (process.argv.includes('--write')) {
    await writeFileAtomic(page, replaceTable(await readFile(page, 'utf8'), report));
  }
}

/** Faces with a fault each. @returns name of the fault → image, place and size */
function faultsOf(faces, good) {
  const random = createRandom(1);
  const anyColour = () => {
    const colour = [random.below(256), random.below(256), random.below(256)];
    return (_at, c) => colour[c];
  };
  return {
    'one pixel of any colour': faulty(faces, random, 1, anyColour),
    'a square of 3×3 of any colour': faulty(faces, random, 3, anyColour),
    'a square of 5×5 of another face': faulty(faces, random, 5, (i) => (at) => good[i].data[at]),
  };
}

/** Faces with a square of this size changed, and the place of each square. */
function faulty(faces, random, size, colourAt) {
  return faces.map((face, i) => {
    const side = face.height;
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

function found(maps, places) {
  const brightest = maps.map((map) => map.indexOf(Math.max(...map)));
  return share(places.filter((place, i) => isNear(brightest[i], place)).length, places.length);
}

function byChance(places) {
  const { height, width } = places[0].image;
  const pixels = Array.from({ length: height * width }, (_, i) => i);
  const hits = places.reduce((sum, place) => sum + pixels.filter((at) => isNear(at, place)).length, 0);
  return share(hits, places.length * height * width);
}

function isNear(at, { image: { width }, top, left, size }) {
  const [y, x] = [Math.floor(at / width), at % width];
  const outside = (place, start) => Math.max(start - place, place - (start + size - 1), 0);
  return Math.max(outside(y, top), outside(x, left)) <= near;
}

function share(hits, of) {
  return `${Math.round((100 * hits) / of)} %`;
}

// What attribute directions do to faces the model has not seen: the table and pictures of docs/attribute-editing.md.
//   node models/faces/attributes.mjs [docs/images]
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binToPixel, pixelToBin } from '@glow-onnx/flow/pixels';
import { imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';
import { openDataset, splitBySeed } from '@glow-onnx/trainer';
import { faceSize, renderFace } from './face.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? 'docs/images';
/** Faces on either side of a direction, and those it is tried on. */
const [found, tried] = [400, 100];

const glow = await loadGlow(here);
const { bits } = glow.config;
const data = await openDataset(join(here, 'faces.json'));
const { labels } = JSON.parse(await readFile(join(here, 'faces.json'), 'utf8'));
const { train, validation } = splitBySeed(data.count, 0.05, 1); // as the model was trained

const labelOf = (name, face) => labels[name].values[Number.parseInt(labels[name].indices[face], 36)];
const having = (faces, name, value) => [...faces].filter((face) => labelOf(name, face) === value);
/** The face as the model sees it, with attributes changed. */
const draw = (face, change = {}) => {
  const own = Object.fromEntries(Object.keys(labels).map((name) => [name, labelOf(name, face)]));
  const pixels = renderFace({ ...own, ...change });
  const seen = pixels.map((pixel) => binToPixel(pixelToBin(pixel, bits), bits));
  return { data: Uint8Array.from(seen), height: faceSize, width: faceSize, channels: 3 };
};

/** A direction from training faces, and held-out faces before, as they should become, and as they do. */
async function edit(name, from, to, strengths) {
  const images = (value) => data.images(Uint32Array.from(having(train, name, value).slice(0, found)));
  const direction = await glow.attributeDirection(await images(to), await images(from));
  const faces = having(validation, name, from).slice(0, tried);
  const before = faces.map((face) => draw(face));
  const wanted = faces.map((face) => draw(face, { [name]: to }));
  const { z } = await glow.encode(before);
  const after = [];
  for (const strength of strengths) after.push(await glow.applyAttribute(z, direction, strength));
  return { before, wanted, after };
}

/** Mean error in levels of 255 where the attribute changes the picture, and where it should not. */
function errors(images, { before, wanted }) {
  const [inside, outside] = [[], []];
  for (const [i, { data: pixels }] of images.entries()) {
    for (const [k, pixel] of pixels.entries()) {
      const list = before[i].data[k] === wanted[i].data[k] ? outside : inside;
      list.push(Math.abs(pixel - wanted[i].data[k]));
    }
  }
  return [inside, outside].map((list) =>
    (list.reduce((sum, error) => sum + error, 0) / list.length).toFixed(0),
  );
}

const edits = [
  ['clothingColor', 'navy', 'yellow'],
  ['skin', 'tone6', 'tone1'],
  ['mouth', 'frown1', 'laugh'],
  ['hairColor', 'black', 'blond'],
  ['hair', 'short01', 'long01'],
  ['glasses', 'none', 'dark1'],
  ['hat', 'none', 'beanie'],
  ['beard', 'none', 'full'],
];
console.log('| direction | where it should act: before | strength 1 | elsewhere |\n|---|--:|--:|--:|');
const shown = {};
for (const [name, from, to] of edits) {
  const edited = await edit(name, from, to, [1, 2]);
  const [at1, elsewhere] = errors(edited.after[0], edited);
  console.log(`| ${name}: ${from} → ${to} | ${errors(edited.before, edited)[0]} | ${at1} | ${elsewhere} |`);
  shown[name] = edited;
}
await glow.dispose();

const rows = (name, after) => {
  const { before, wanted } = shown[name];
  return [before, wanted, ...after.map((i) => shown[name].after[i])].flatMap((row) => row.slice(0, 12));
};
const pictures = {
  'attributes-that-work': [...rows('clothingColor', [0]), ...rows('mouth', [0]), ...rows('skin', [0])],
  'attributes-that-do-not': [...rows('glasses', [0]), ...rows('hat', [0, 1])],
};
for (const [name, images] of Object.entries(pictures)) {
  await writePng(join(out, `${name}.png`), imageGrid(images, { columns: 12, scale: 3, gap: 3 }));
}

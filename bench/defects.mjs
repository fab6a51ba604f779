// Where defects are: the map of surprise of flows that have learned good surfaces, beside the statistics of patches and a
// plain autoencoder. Writes its part of docs/anomaly-detection.md.
//
//     node bench/defects/generate.mjs --out DATA
//     for NAME of woven, printed, machined: glow-onnx train --data DATA/NAME.json --out RUNS/NAME … (the document says how)
//                                           glow-onnx export RUNS/NAME/best.safetensors --out MODELS/NAME
//     npm run eval:defects -- --data DATA --models MODELS [--python python3] [--out out/defects] [--doc FILE]
//
// Each map is a file in --out as soon as it is made; the same command goes on. For other models take another --out. PYTHON has bench/peers/autoencoder.txt.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { loadGlow } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { defectsOf } from './defects/defects.mjs';
import { learnPatches } from './defects/patch-statistics.mjs';
import { drawPicture } from './defects/picture.mjs';
import { report } from './defects/report.mjs';
import { smooth } from './defects/smooth.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const command = 'npm run eval:defects';
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    data: text,
    models: text,
    python: text,
    out: { ...text, default: 'out/defects' },
    draws: { ...text, default: '4' },
    good: { ...text, default: '200' },
    doc: text,
  },
});
if (values.data === undefined || values.models === undefined) {
  throw new Error(`usage: ${command} --data DATA --models MODELS [--python PYTHON] [--out DIR] [--doc FILE]`);
}
if (values.doc) aroundPart(values.doc, command); // says now, not after an hour, what it lacks
mkdirSync(values.out, { recursive: true });

/** Good pictures that methods other than training learn from: other textures than those of the test. */
const learned = { seed: 3, count: Number(values.good), side: 64 };

const found = [];
for (const surface of Object.keys(defectsOf)) {
  const pictures = await readSheet(`${surface}-test`);
  const masks = (await readSheet(`${surface}-masks`)).images.map(({ data }) =>
    Uint8Array.from({ length: data.length / 3 }, (_, i) => (data[3 * i] > 0 ? 1 : 0)),
  );
  const glow = await loadGlow(join(values.models, surface), { device: 'cpu', threads: 1 });
  const parameters = parametersOf(glow);
  const surprise = (form) => async (images) => {
    const maps = await glow.surprise(images, { form, draws: Number(values.draws), fit: 'none' });
    return maps.map(({ map }) => map.data);
  };
  const methods = {
    'patch statistics': async (images) => images.map(learnPatches(goodPictures(surface))),
    ...(values.python && {
      autoencoder: () => autoencode(surface, parameters, glow.manifest.training?.images),
    }),
    'flow, terms': surprise('terms'),
    'flow, gradient': surprise('gradient'),
  };
  for (const [method, mapsOf] of Object.entries(methods)) {
    const made = {
      'patch statistics': `-${learned.count}`,
      'flow, terms': `-${values.draws}`,
      'flow, gradient': `-${values.draws}`,
    };
    const maps = await kept(`${surface}-${method.replaceAll(/\W+/g, '-')}${made[method] ?? ''}`, () =>
      mapsOf(pictures.images),
    );
    const smoothed = maps.map((map) => smooth(map, pictures.side));
    found.push({ surface, method, parameters, masks, maps: smoothed, kinds: pictures.kinds });
    console.log(`${surface}: ${method}`);
  }
  await glow.dispose();
}
const part = report(found);
if (values.doc) writePart(values.doc, command, part);
else console.log(part);

function goodPictures(surface) {
  return Array.from({ length: learned.count }, (_, i) => drawPicture(surface, learned.side, learned.seed, i));
}

/** Maps of a former call, or new ones, which are kept. One after another, as float32. */
async function kept(name, make) {
  const path = join(values.out, `${name}.f32`);
  if (!existsSync(path)) {
    const maps = await make();
    if (maps)
      await writeFileAtomic(
        path,
        Buffer.concat(maps.map((map) => Buffer.from(Float32Array.from(map).buffer))),
      );
  }
  const bytes = readFileSync(path);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const pixels = learned.side ** 2;
  return Array.from({ length: all.length / pixels }, (_, i) => all.subarray(i * pixels, (i + 1) * pixels));
}

/** Numbers in the weights of a model. */
function parametersOf({ manifest }) {
  const { weights } = manifest.variants.fp32;
  return manifest.files.find(({ path }) => path === weights).bytes / 4;
}

/** Writes its file itself. */
function autoencode(surface, parameters, images) {
  const files = [`${surface}.json`, `${surface}-test.json`].map((name) => join(values.data, name));
  const program = join(import.meta.dirname, 'peers/autoencoder.py');
  const sizes = ['--parameters', `${parameters}`, '--images', `${images}`];
  const maps = join(values.out, `${surface}-autoencoder.f32`);
  console.log(execFileSync(values.python, [program, ...files, maps, ...sizes], { encoding: 'utf8' }).trim());
}

/** The pictures of a sheet, with the defect of each; docs/format.md describes the file. */
async function readSheet(name) {
  const { image, tile, columns, count, labels } = JSON.parse(
    readFileSync(join(values.data, `${name}.json`), 'utf8'),
  );
  const { data, info } = await sharp(join(values.data, image), { limitInputPixels: false })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const side = tile.width;
  const images = Array.from({ length: count }, (_, index) => {
    const pixels = new Uint8Array(side * side * 3);
    for (let y = 0; y < side; y++) {
      const row = Math.floor(index / columns) * side + y;
      const at = (row * info.width + (index % columns) * side) * 3;
      pixels.set(data.subarray(at, at + side * 3), y * side * 3);
    }
    return { data: pixels, width: side, height: side, channels: 3 };
  });
  const kinds = [...labels.defect.indices].map((digit) => labels.defect.values[Number.parseInt(digit, 36)]);
  return { images, kinds, side };
}

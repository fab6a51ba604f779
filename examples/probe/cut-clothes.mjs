// Makes clothes.png and clothes.json: of each class of Fashion-MNIST the first 20 training pictures, to learn from, and
// the first 10 test pictures, to try.
//   node examples/probe/cut-clothes.mjs [/usr/share/datasets/fashion-mnist]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';

const folder = process.argv[2] ?? '/usr/share/datasets/fashion-mnist';
const values = 'T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot'.split(',');
const [side, columns] = [28, 30];

function firstOfEach(set, each) {
  const read = (name) => gunzipSync(readFileSync(join(folder, `${set}-${name}-ubyte.gz`)));
  const [pixels, labels] = [read('images-idx3').subarray(16), read('labels-idx1').subarray(8)];
  return values.flatMap((_, label) => {
    const places = [...labels.keys()].filter((i) => labels[i] === label).slice(0, each);
    return places.map((i) => ({ label, picture: pixels.subarray(i * side ** 2, (i + 1) * side ** 2) }));
  });
}

const tiles = [...firstOfEach('train', 20), ...firstOfEach('t10k', 10)];
const data = new Uint8Array(tiles.length * side ** 2);
const [width, height] = [columns * side, (tiles.length / columns) * side];
for (const [i, { picture }] of tiles.entries()) {
  const [top, left] = [Math.floor(i / columns) * side, (i % columns) * side];
  for (let y = 0; y < side; y++)
    data.set(picture.subarray(y * side, (y + 1) * side), (top + y) * width + left);
}
await sharp(data, { raw: { width, height, channels: 1 } })
  .png({ compressionLevel: 9 })
  .toFile(join(import.meta.dirname, 'clothes.png'));
const sheet = {
  ...{ format: 'glow-onnx-sheet', version: 1, name: 'clothes', image: 'clothes.png' },
  ...{
    licence: 'MIT',
    source: 'Fashion-MNIST, © 2017 Zalando SE, https://github.com/zalandoresearch/fashion-mnist',
  },
  ...{ tile: { width: side, height: side }, columns, count: tiles.length },
  labels: { class: { values, indices: tiles.map(({ label }) => label).join('') } },
};
writeFileSync(join(import.meta.dirname, 'clothes.json'), `${JSON.stringify(sheet, null, 2)}\n`);

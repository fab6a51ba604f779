// Pictures → the feature maps of a trained network, as a safetensors file that glow-onnx trains on and scores.
// node examples/features/features.mjs --weights efficientnet-lite0-57934424.pth --out features.safetensors pictures/
import { parseArgs } from 'node:util';
import { encodeSafetensors } from '@glow-onnx/flow/safetensors';
import { expandFolders, writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import sharp from 'sharp';
import { openNetwork } from './network.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    weights: { type: 'string' },
    out: { type: 'string' },
    size: { type: 'string', default: '224' }, // of the pictures, in pixels: features have an eighth of it
  },
});
const { weights, out, size } = values;
if (!weights || !out || positionals.length === 0) {
  throw new Error('expected --weights FILE --out FILE.safetensors and pictures, or folders of them');
}
const side = Number(size);
const network = await openNetwork(weights);
const { images } = await expandFolders(positionals);
const maps = [];
for (const image of images) {
  const picture = sharp(image)
    .rotate()
    .resize(side, side, { fit: 'cover' })
    .removeAlpha()
    .toColourspace('srgb');
  maps.push(await network.features({ data: await picture.raw().toBuffer(), height: side, width: side }));
}
await network.close();
const { shape } = maps[0];
const data = new Float32Array(maps.length * maps[0].data.length);
for (const [i, map] of maps.entries()) data.set(map.data, i * map.data.length);
const features = { dtype: 'F32', shape: [maps.length, ...shape], data };
await writeFileAtomic(out, encodeSafetensors({ features }, { images: JSON.stringify(images) }));
console.log(`wrote ${out}: ${maps.length} × ${shape.join('×')}`);

// Shows good surfaces, and each kind of defect at twice its contrast: node bench/defects/show.mjs docs/images/defects.png
import { readFileSync } from 'node:fs';
import { imageGrid, writePng } from '@glow-onnx/runtime/node';
import { defectsOf } from './defects.mjs';
import { drawPicture } from './picture.mjs';

const [out] = process.argv.slice(2);
if (!out) throw new Error('usage: node bench/defects/show.mjs FILE.png');
const contrasts = JSON.parse(readFileSync(new URL('contrasts.json', import.meta.url), 'utf8'));
const [side, seed, each] = [64, 4, 2];
const images = Object.entries(defectsOf).flatMap(([surface, kinds]) =>
  [undefined, ...kinds].flatMap((kind) =>
    Array.from({ length: each }, (_, i) => {
      const contrast = Math.min(1, 2 * (contrasts[surface][kind] ?? 0));
      return { ...drawPicture(surface, side, seed, i, kind && { kind, contrast }), channels: 3 };
    }),
  ),
);
await writePng(out, imageGrid(images, { columns: 4 * each, gap: 4 }));

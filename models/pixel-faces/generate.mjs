// Draws faces.png and faces.json anew: node models/pixel-faces/generate.mjs [--count 20000] [--seed 1] [--out DIR]
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateSheet } from '../drawn/sheet.mjs';
import * as design from './face.mjs';

const { faceSize, renderFaceAt } = design;

await generateSheet({
  folder: dirname(fileURLToPath(import.meta.url)),
  count: 20_000,
  design,
  png: { palette: true, colours: 256, quality: 100, dither: 0, effort: 10, compressionLevel: 9 },
  facts: {
    licence: 'CC0-1.0',
    source: 'Pixel Art by DiceBear, https://www.figma.com/community/file/1198754108850888330',
    packages: ['@dicebear/core', '@dicebear/pixel-art', '@resvg/resvg-js', 'sharp'],
  },
  check: checkCrisp,
});

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

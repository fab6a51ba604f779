// Draws faces.png and faces.json anew: node models/faces/generate.mjs [--count 2000] [--seed 1] [--out DIR]
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateSheet } from '../drawn/sheet.mjs';
import * as design from './face.mjs';

await generateSheet({
  folder: dirname(fileURLToPath(import.meta.url)),
  count: 2000,
  design,
  png: { compressionLevel: 9, adaptiveFiltering: true },
  facts: {
    licence: 'CC-BY-4.0',
    source: 'ToonHead by Johan Melin, https://www.figma.com/community/file/1589627891082866389, changed',
    packages: ['@dicebear/core', '@dicebear/toon-head', '@resvg/resvg-js', 'sharp'],
  },
});

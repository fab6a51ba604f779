// Draws people in the style Open Peeps (Pablo Stanley, CC0 1.0), each from a seed of its own:
// node examples/training/people.mjs OUT [--count 5000] [--size 32]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAvatar } from '@dicebear/core';
import * as openPeeps from '@dicebear/open-peeps';
import { Resvg } from '@resvg/resvg-js';
import sharp from 'sharp';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '5000' }, size: { type: 'string', default: '32' } },
});
const [out] = positionals;
if (out === undefined)
  throw new Error('usage: node examples/training/people.mjs OUT [--count 5000] [--size 32]');
const [count, size] = [Number(values.count), Number(values.size)];
await mkdir(out, { recursive: true });
for (let i = 0; i < count; i++) {
  const backgroundColor = ['ffd5dc', 'd1d4f9', 'b6e3f4', 'ffdfbf'];
  const svg = createAvatar(openPeeps, { seed: `person ${i}`, backgroundColor }).toString();
  // Drawn four times as large, then made smaller: thin lines become soft instead of ragged.
  const drawn = new Resvg(svg, { fitTo: { mode: 'width', value: 4 * size } }).render();
  const raw = { width: drawn.width, height: drawn.height, channels: 4 };
  const person = sharp(drawn.pixels, { raw }).resize(size, size).flatten({ background: 'white' });
  await person.png().toFile(join(out, `${i}.png`));
}
console.log(`${out}: ${count} people of ${size}×${size} pixels`);

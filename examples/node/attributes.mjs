// Puts glasses on a face: moves its latents along directions, one change after another, a row for each.
//   node examples/node/attributes.mjs examples/node/pictures/ben.png --add glasses=1 --add mouth=1
//   node examples/node/attributes.mjs --with a.png --with b.png --without c.png --add own=1
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { imageGrid, loadGlow, loadLatents, writePng } from '@glow-onnx/runtime/node';

const options = {
  model: { type: 'string', default: 'models/faces' },
  add: { type: 'string', multiple: true, default: ['glasses=1'] }, // one of models/faces/directions
  with: { type: 'string', multiple: true, default: [] }, // pictures for a direction of your own
  without: { type: 'string', multiple: true, default: [] },
  out: { type: 'string', default: 'out/attributes.png' },
};

async function main() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const glow = await loadGlow(values.model);
  let [face] = await glow.prepare(positionals[0] ?? 'examples/node/pictures/ben.png', { fit: 'cover' });
  const rows = [];
  for (const change of values.add) {
    const [name, strength] = change.split('=');
    const file = `${values.model}/directions/${name}.safetensors`;
    const own = () => glow.attributeDirection(values.with, values.without, { fit: 'cover' });
    const direction = name === 'own' ? await own() : loadLatents(glow, await readFile(file)).z[0];
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      rows.push(...(await glow.applyAttribute(face, direction, part * strength)));
    }
    face = rows.at(-1);
    console.log(`${change}: ${(await glow.bitsPerDim(face))[0].toFixed(2)} bits/dim`);
  }
  await writePng(values.out, imageGrid(rows, { columns: 5, scale: 6, gap: 6 }));
  console.log(values.out);
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});

// Changes a face, one row per change: node examples/node/attributes.mjs face.png --add mouth=1
import { readdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { imageGrid, loadGlow, loadLatents, writePng } from '@glow-onnx/runtime/node';

const options = {
  model: { type: 'string', default: 'models/faces' },
  add: { type: 'string', multiple: true, default: ['mouth=1'] }, // a file of models/faces/directions
  with: { type: 'string', multiple: true, default: [] }, // images for a direction of your own
  without: { type: 'string', multiple: true, default: [] },
  out: { type: 'string', default: 'out/attributes.png' },
};

async function main() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const glow = await loadGlow(values.model);
  let [face] = await glow.prepare(positionals[0] ?? 'examples/node/pictures/ben.png');
  const folder = `${values.model}/directions`;
  const names = (await readdir(folder).catch(() => [])).flatMap((file) => /(.+)\.safe/.exec(file)?.[1] ?? []);
  const rows = [];
  for (const change of values.add) {
    const [name, strength] = change.split('=');
    const known = strength && (name === 'own' ? values.with[0] && values.without[0] : names.includes(name));
    if (!known) throw new RangeError(`--add ${change}: expected NAME=STRENGTH (${names}; own needs --with)`);
    const file = `${folder}/${name}.safetensors`;
    const own = () => glow.attributeDirection(values.with, values.without);
    const way = name === 'own' ? await own() : loadLatents(glow, await readFile(file)).z[0];
    for (const t of [0, 1, 2, 3, 4]) rows.push(...(await glow.applyAttribute(face, way, (t * strength) / 4)));
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

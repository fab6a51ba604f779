// Encodes and decodes images without loss, and shows the part of an image in each level of the latents.
//   node examples/node/encode-decode.mjs examples/node/pictures/ada.png --keep 0.5
import { parseArgs } from 'node:util';
import { imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';

const shipped = ['ada', 'ben', 'cleo', 'dan'].map((name) => `examples/node/pictures/${name}.png`);
const options = {
  model: { type: 'string', default: 'models/faces' },
  keep: { type: 'string', default: '0' }, // factor on one level at a time; 0 removes the level
  out: { type: 'string', default: 'out/encode-decode.png' },
};

async function main() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (!Number.isFinite(+values.keep)) throw new RangeError(`--keep: expected a number, got ${values.keep}`);
  const files = positionals.length > 0 ? positionals : shipped;
  const glow = await loadGlow(values.model);
  const { z } = await glow.encode(files);
  const decoded = await glow.decode(z);
  const before = await glow.prepare(files); // as the model sees them
  const bits = await glow.bitsPerDim(files);
  const rows = [];
  for (const [i, { data }] of before.entries()) {
    const wrong = data.filter((value, k) => value !== decoded[i].data[k]).length;
    console.log(`${files[i]}: ${bits[i].toFixed(2)} bits/dim, ${wrong} of ${data.length} values differ`);
    rows.push(decoded[i]);
    for (const level of z[i].levels.keys()) {
      const strengths = z[i].levels.map((_, each) => (each === level ? Number(values.keep) - 1 : 0));
      rows.push(...(await glow.applyAttribute(z[i], z[i], strengths))); // z + (keep − 1)·z at that level
    }
  }
  await writePng(values.out, imageGrid(rows, { columns: 1 + z[0].levels.length, scale: 4, gap: 4 }));
  console.log(`${values.out}: each image decoded, then with level 0, 1 … times ${values.keep}`);
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});

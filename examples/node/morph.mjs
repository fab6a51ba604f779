// Draws the way from one image to another, through their latents.
//   node examples/node/morph.mjs examples/node/pictures/ada.png examples/node/pictures/dan.png --steps 12
import { parseArgs } from 'node:util';
import { imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';

const shipped = ['ada', 'dan'].map((name) => `examples/node/pictures/${name}.png`);

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'models/faces' },
      steps: { type: 'string', default: '9' }, // both ends included
      mode: { type: 'string', default: 'linear' }, // or spherical
      out: { type: 'string', default: 'out/morph.png' },
    },
  });
  const faces = positionals.length > 0 ? positionals : shipped;
  if (faces.length !== 2) throw new RangeError(`expected two image files, got ${faces.length}`);
  const [from, to] = faces;
  const { mode } = values;

  const glow = await loadGlow(values.model);
  const way = await glow.interpolate(from, to, { steps: Number(values.steps), mode });
  await writePng(values.out, imageGrid(way, { columns: way.length, scale: 4, gap: 4 }));

  // Fewer bits per dimension mean a likelier image.
  const scores = await glow.bitsPerDim(way);
  console.log(`${from} to ${to}, ${mode}: ${way.length} images, bits/dim`);
  console.log(scores.map((score) => score.toFixed(2)).join(' '));
  console.log(values.out);
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});

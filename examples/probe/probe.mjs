// Learns classes from a few pictures of each, and tells the classes of others:
//   node examples/probe/probe.mjs labelled/ new/*.png --model models/fashion-mnist
// labelled/ has a folder of pictures for each class.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime/node';
import { predict, trainProbe } from './train-probe.mjs';

const options = { model: { type: 'string', default: 'models/pixel-faces' } };

async function main() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [labelled, ...pictures] = positionals;
  if (pictures.length === 0) throw new RangeError('expected a folder of classes, and pictures to tell apart');
  const entries = await readdir(labelled, { withFileTypes: true });
  const classes = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  if (classes.length < 2)
    throw new RangeError(`${labelled}: expected a folder for each of two classes or more`);
  const [paths, labels] = [[], []];
  for (const [label, name] of classes.entries()) {
    for (const file of (await readdir(join(labelled, name))).sort()) {
      paths.push(join(labelled, name, file));
      labels.push(label);
    }
  }
  const glow = await loadGlow(values.model);
  const rowsOf = async (images) => (await glow.features(images)).map(({ data }) => data);
  const probe = await trainProbe(await rowsOf(paths), labels);
  const found = predict(probe, await rowsOf(pictures));
  pictures.forEach((picture, i) => {
    console.log(`${picture}: ${classes[found[i]]}`);
  });
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});

// Judges each new picture of a folder: node examples/node/watch-folder.mjs incoming [--calibration FILE]
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadGlow, parseCalibration } from '@glow-onnx/runtime/node';

async function judge(path) {
  const [[score], [{ map }]] = [await glow.score(path, { calibration }), await glow.surprise(path)];
  const isUnusual = score.verdict?.unusual ?? score.typicality <= 0.05; // the second is rough
  return `${isUnusual ? 'check' : 'good'}, brightest pixel ${Math.max(...map.data).toFixed(1)} bits`;
}

async function look(folder) {
  const states = new Map();
  for (const name of (await readdir(folder)).filter((each) => /\.(png|jpe?g|webp)$/i.test(each))) {
    const found = await stat(join(folder, name)).catch(() => ({})); // gone meanwhile
    states.set(name, `${found.size} ${found.mtimeMs}`);
  }
  return states;
}
process.on('uncaughtException', ({ message }) => {
  console.error(message);
  process.exit(1);
});
const options = { model: { type: 'string' }, calibration: { type: 'string' } };
const { values, positionals } = parseArgs({ allowPositionals: true, options });
const calibration = values.calibration && parseCalibration(await readFile(values.calibration));
const [glow, folder] = [await loadGlow(values.model ?? 'models/faces'), positionals[0] ?? 'incoming'];
if (!calibration && !glow.manifest.training?.histogram) throw new Error('this model needs --calibration');
const judged = await look(folder);
console.log(`watching ${folder}`);
for (let before = judged, now; ; before = now, await sleep(500)) {
  now = await look(folder);
  for (const [name, state] of now) {
    if (state === judged.get(name) || state !== before.get(name)) continue; // known, or still being written
    judged.set(name, state);
    console.log(`${name}: ${await judge(join(folder, name)).catch(({ message }) => message)}`);
  }
}

// Saves three states of a run: node killed-writing.mjs OUT STAGE, killing itself with SIGKILL at a stage of that, which
// is one call on a file or folder; a write is killed half-way. Prints what was saved, and at the end how many stages.

import { writeSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createConfig, createGlow, initialParams } from '@glow-onnx/flow';

const [out, fatal] = process.argv.slice(2);
let stage = 0;

/** Counts calls of a method, and ends the process before the fatal one. */
function count(object, name, half) {
  const original = object[name];
  object[name] = async function (...args) {
    if (++stage === Number(fatal)) {
      await half?.call(this, original, ...args);
      process.kill(process.pid, 'SIGKILL');
    }
    return original.apply(this, args);
  };
}
const handle = await files.open(process.argv[1]);
const fileHandle = Object.getPrototypeOf(handle);
await handle.close();
const halfOf = (contents) => contents.slice(0, contents.length / 2);
count(fileHandle, 'writeFile', function (original, contents) {
  return original.call(this, halfOf(contents));
});
count(files, 'appendFile', (original, path, contents) => original(path, halfOf(contents)));
count(fileHandle, 'sync');
for (const name of ['open', 'rename', 'mkdir', 'rm', 'writeFile']) count(files, name);
syncBuiltinESMExports();

const { createRunFolder } = await import('../../../packages/trainer/dist/folder/run-folder.js');
const config = createConfig({ channels: 1, height: 8, width: 8, levels: 2, steps: 1, hiddenChannels: 8 });
const params = initialParams(createGlow(config), 1);
const folder = await createRunFolder(out, false);
for (const step of [1, 2, 3]) {
  const checkpoint = { config, params, initialised: true, progress: { step } };
  await folder.log({ step });
  await folder.saveBest(checkpoint);
  await folder.saveLast(checkpoint);
  writeSync(1, `saved ${step}\n`);
}
await folder.close();
writeSync(1, `stages ${stage}\n`);

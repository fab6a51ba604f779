/**
 * Restores pictures with built packages, and fails if a pixel changes:
 *
 *     node scripts/smoke.mjs models/pixel-faces my-model
 *
 * Each model folder is loaded twice: one draws faces, the other encodes and decodes them.
 */
import { strict as assert } from 'node:assert';
import { loadGlow } from '@glow-onnx/runtime/node';

const folders = process.argv.slice(2);
if (folders.length === 0) throw new RangeError('smoke: expected model folders, got no argument');

for (const folder of folders) {
  const [first, second] = [await loadGlow(folder), await loadGlow(folder)];
  const pictures = await first.sample({ count: 4, temperature: 0.7, seed: 1 });
  const { z, logProb } = await second.encode(pictures);
  const restored = await second.decode(z);
  assert.equal(restored.length, 4);
  assert.ok(logProb.every(Number.isFinite), `${folder}: log p is ${logProb}`);
  for (const [i, { data }] of restored.entries()) assert.deepEqual(data, pictures[i].data);
  console.log(`${folder}: 4 of 4 pictures restored on ${first.device}`);
  await Promise.all([first.dispose(), second.dispose()]);
}

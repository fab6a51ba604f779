/**
 * Loads model folders and uses them, in a process of its own as provider-process.mjs does, through the built package.
 *
 *     node load-process.mjs requests.json
 *
 * requests.json: [{ folder, options }]. Prints for each { device, selfTest, skipped, logProb, exact } or { error }.
 */
import { readFileSync } from 'node:fs';
import { loadGlow } from '@glow-onnx/runtime';

async function use({ folder, options }) {
  const model = await loadGlow(folder, { cache: false, ...options });
  const { device, selfTest, skipped } = model;
  const [image] = await model.sample({ seed: 1 });
  const [again] = await model.reconstruct(image);
  const { logProb } = await model.encode(image);
  await model.dispose();
  const exact = Buffer.compare(image.data, again.data) === 0;
  return { device, selfTest, skipped, logProb: logProb[0], exact };
}

const results = [];
for (const request of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const result = await use(request).catch(({ name, message, code, device }) => ({
    error: { name, message, code, device },
  }));
  results.push(result);
}
console.log(JSON.stringify(results));

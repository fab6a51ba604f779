/**
 * Runs graphs in a process of its own, because a driver is chosen by environment variables that are read once, and
 * because a provider that crashes must not take the tests with it.
 *
 *     node provider-process.mjs onnxruntime-node webgpu cases.json results.jsonl
 *
 * cases.json: [{ name, model, externalData?: [path, …], options?, inputs: { name: { shape, data } } }]; a case without
 * inputs is only opened. One line per case: { name, outputs } or { name, error }.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const [library, provider, casesPath, resultsPath] = process.argv.slice(2);
const { InferenceSession, Tensor } = await import(library);

/** The first session stays: with the last goes the device, and with it all compiled shaders, 6 s a model. */
let kept;

async function run({ model, externalData, options, inputs }) {
  const session = await InferenceSession.create(readFileSync(model), {
    executionProviders: [provider],
    ...(externalData && {
      externalData: externalData.map((path) => ({ path: basename(path), data: readFileSync(path) })),
    }),
    ...options,
  });
  if (!inputs) return {};
  const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [
    name,
    new Tensor('float32', Float32Array.from(data), shape),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  const results = Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [name, { shape: dims, data: [...data] }]),
  );
  if (kept) await session.release();
  else kept = session;
  return results;
}

// One after the other: two sessions at work on one WebGPU device crash.
for (const item of JSON.parse(readFileSync(casesPath, 'utf8'))) {
  const result = await run(item).then(
    (outputs) => ({ name: item.name, outputs }),
    (error) => ({ name: item.name, error: String(error) }),
  );
  appendFileSync(resultsPath, `${JSON.stringify(result)}\n`);
}

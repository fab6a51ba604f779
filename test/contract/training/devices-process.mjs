/**
 * Trains models for some steps in a process of its own, as ../providers/provider-process.mjs runs graphs in one, through the built
 * package.
 *
 *     node devices-process.mjs webgpu requests.json results.json
 *
 * requests.json: [{ checkpoint: path, memory, optimizer } or { operator }]. Results: for each { bitsPerDim, gradient } of four images by the
 * checkpoint's parameters, and { losses, scores } of ten steps from data-dependent initialisation on and after them,
 * in the middle by another engine that goes on from the first one's state; { resident } is whether parameters stay there; or { refusal } of a graph with that operator.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createGlow, createRandom, parseCheckpoint } from '@glow-onnx/flow';
import { encodeModel, graph, input, tanh } from '@glow-onnx/graph';
import { openSession } from '@glow-onnx/runtime/session';
import { assembleEngine } from '../../../packages/trainer/dist/assembly/assemble-engine.js';
import { flatten, parameterLayout } from '../../../packages/trainer/dist/engine/parameters.js';
import { explainOpening } from '../../../packages/trainer/dist/onnxruntime/explain-failure.js';
import { openOnnxRuntimeDifferentiator } from '../../../packages/trainer/dist/onnxruntime/onnxruntime-differentiator.js';

const [device, requestsPath, resultsPath] = process.argv.slice(2);
const count = 4;

async function train({ checkpoint, memory, optimizer }) {
  const { config, params } = parseCheckpoint(readFileSync(checkpoint));
  const glow = createGlow(config);
  const random = createRandom(3);
  const x = Float32Array.from(
    { length: count * config.height * config.width * config.channels },
    () => random.uniform() - 0.5,
  );
  const batch = { count, x, ...(config.classes > 0 && { classes: Uint16Array.of(0, 1, 2, 0) }) };
  const differentiator = await openOnnxRuntimeDifferentiator(glow, params.fixed, { device, count, memory });

  const layout = parameterLayout(glow);
  const parameters = flatten(layout, params.trainable);
  const { bitsPerDim, gradient } = await differentiator.gradient(parameters, batch);
  const exact = { bitsPerDim: [...bitsPerDim], gradient: [...gradient] };

  const settings = { optimizer, beta1: 0.9, beta2: 0.999, clip: 50, ema: 0.5 };
  const openEngine = () => assembleEngine(glow, { initial: params.trainable }, differentiator, settings);
  const engine = await openEngine();
  await engine.initialise(batch);
  const losses = [];
  const refused = await engine.step(batch, 2e-3, 0); // a norm beyond the limit moves nothing
  for (let step = 0; step < 4; step++) losses.push((await engine.step(batch, 2e-3)).bitsPerDim);
  // Asked for at once, as a page's buttons may: the state is that before the step.
  const [state, fifth] = await Promise.all([engine.snapshot(), engine.step(batch, 2e-3)]);
  losses.push(fifth.bitsPerDim);
  const again = await openEngine();
  await again.restore(state);
  const unfit = { ...state, optimizer: { ...state.optimizer, v: {} } };
  const unfitting = await again.restore(unfit).catch((error) => error.message); // changes nothing
  const repeated = (await again.step(batch, 2e-3)).bitsPerDim;
  for (let step = 0; step < 5; step++) losses.push((await again.step(batch, 2e-3)).bitsPerDim);
  return {
    ...exact,
    resident: differentiator.onGpu !== undefined,
    refused,
    unfitting,
    repeated,
    losses,
    scores: [...(await again.evaluate(batch))],
  };
}

/** What is said of a graph with this operator on a matrix, which gives a number, and with a Tanh. */
async function refuse(operator) {
  const x = input('x', 'float32', [4, 4]);
  const source = { kind: 'node', operator, inputs: [x], attributes: {} };
  const built = graph({
    name: 'g',
    inputs: [x],
    outputs: { y: tanh(x), z: { dtype: 'float32', shape: [], source } },
  });
  const model = encodeModel(built, { producer: { name: 'test', version: '' } });
  try {
    await openSession({ model, device });
    return {};
  } catch (cause) {
    const attempt = { kind: 'gradient', device, count: 1, memory: 'full' };
    return { refusal: (await explainOpening(cause, built, attempt)).message };
  }
}

// Engines stay open: with the last session on WebGPU goes the device, and with it all compiled shaders.
const results = [];
for (const request of JSON.parse(readFileSync(requestsPath, 'utf8')))
  results.push(await ('operator' in request ? refuse(request.operator) : train(request)));
writeFileSync(resultsPath, JSON.stringify(results));
process.exit();

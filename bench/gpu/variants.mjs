// Checks every variant on one device: prints a line of JSON for each. A process of gpu.mjs, which passes { device, rehearse }.
// z, log p, x and the round trip are compared with float64, gradients with those of the cpu.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import { createGlow, createRandom, initialParams, tensor } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime';
import { variants } from './cases.mjs';

const { device, rehearse } = JSON.parse(process.argv[2]);
const parent = mkdtempSync(join(tmpdir(), 'glow-gpu-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));

for (const [number, { name, config }] of variants(rehearse).entries()) {
  const line = await checked(config, join(parent, String(number))).catch(({ message }) => ({
    error: message,
  }));
  console.log(JSON.stringify({ variant: name, ...line }));
}
process.exit(); // a provider may hang in its last steps

async function checked(config, out) {
  await exportModel({ config, params: perturbed(config), initialised: true }, { out });
  const { measured } = await verifyFolder(out, { device });
  const gradient = await gradientError(config, out);
  return {
    errors: measured.map(({ claim, value, tolerance }) => ({ claim, value, tolerance })),
    gradient,
  };
}

/** Parameters of which none is zero, small enough that the model stays well conditioned. */
function perturbed(config) {
  const { trainable, fixed } = initialParams(createGlow(config), 1);
  const moved = Object.entries(trainable).map(([name, { shape, data }], index) => {
    const random = createRandom(2, index);
    return [
      name,
      tensor(
        shape,
        data.map((value) => Math.fround(value + 0.05 * random.normal())),
      ),
    ];
  });
  return { trainable: Object.fromEntries(moved), fixed };
}

/** The largest difference of ∂ log p/∂x from the cpu's, over the largest number of that gradient. */
async function gradientError({ channels, height, width, classes }, folder) {
  const random = createRandom(3);
  const data = Float32Array.from({ length: channels * height * width }, () => 0.3 * random.normal());
  const image = { shape: [channels, height, width], data };
  const label = classes > 0 ? { label: 1 } : {};
  const gradients = [];
  for (const one of ['cpu', device]) {
    const model = await loadGlow(folder, { device: one, selfTest: false });
    const { gradient } = await model.logProbGradient(image, label);
    gradients.push(gradient[0].data);
    await model.dispose();
  }
  const [known, found] = gradients;
  const largest = known.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  return known.reduce((error, value, i) => Math.max(error, Math.abs(value - found[i])), 0) / largest;
}

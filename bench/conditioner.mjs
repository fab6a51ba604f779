// A step's convolutions, one of them as a transposed convolution, by processor time of one thread:
//   node bench/conditioner.mjs [--on cpu,wasm] [--steps '12 of 128 at 16'] [--batch 1,16] [--seconds 2] [--all] [--json]
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow';
import {
  add,
  concat,
  constant,
  conv,
  encodeModel,
  exp,
  graph,
  input,
  mul,
  relu,
  slice,
  symbol,
  tanh,
} from '@glow-onnx/graph';
import { convTranspose } from '@glow-onnx/graph/internal';
import * as web from 'onnxruntime-web';
import { interleave, machine, median, noise, openModel, processorTime } from './models.mjs';

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'cpu,wasm' },
    steps: { type: 'string', default: '' },
    batch: { type: 'string', default: '1,16,64' },
    seconds: { type: 'string', default: '2' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const STEPS = 4;
/** Outputs of the conditioner, which are the channels of the step; hidden channels; height and width. */
const shapes = values.steps
  ? values.steps.split(',').map((shape) => shape.match(/\d+/g).map(Number))
  : [4, 8, 12, 16, 24, 48].flatMap((outputs) =>
      [64, 128, 512].flatMap((hidden) => [4, 8, 16].map((size) => [outputs, hidden, size])),
    );
/** Which convolution of the step is transposed. */
const forms = values.all ? ['conv3', 'conv1', 'conv1x1'] : ['conv3'];

web.env.wasm.numThreads = 1;
web.env.logLevel = 'error';
const open = {
  cpu: (model) => openModel(model, 1),
  wasm: (model) =>
    web.InferenceSession.create(encodeModel(model, { producer: { name: 'bench', version: '0' } })),
};

const results = [];
for (const [outputs, hidden, size] of shapes) {
  for (const device of values.on.split(',')) {
    const sessions = [];
    for (const transposed of [undefined, ...forms]) {
      sessions.push(await open[device](steps({ outputs, hidden, size, transposed })));
    }
    for (const batch of values.batch.split(',').map(Number)) {
      const { data, dims } = noise([batch, outputs, size, size], 4);
      const x = device === 'cpu' ? noise(dims, 4) : new web.Tensor('float32', data, dims);
      const repeats = await repeatsOf(() => sessions[0].run({ x }));
      const runs = sessions.map((session) => async () => {
        for (let i = 0; i < repeats; i++) await session.run({ x });
      });
      const rounds = await interleave(runs, Number(values.seconds), processorTime);
      const ratio = (form) => Number(median(rounds.map((times) => times[form + 1] / times[0])).toFixed(2));
      const row = {
        step: `${outputs} of ${hidden} at ${size}×${size}`,
        device,
        batch,
        ms: Number((median(rounds.map(([time]) => time)) / repeats).toPrecision(3)),
        ...Object.fromEntries(forms.map((form, i) => [`${form} transposed`, ratio(i)])),
        rounds: rounds.length,
      };
      process.stderr.write(`${Object.values(row).join('  ')}\n`);
      results.push(row);
    }
    for (const session of sessions) await session.release();
  }
}
if (values.json) console.log(JSON.stringify(results));
else {
  console.log(machine());
  console.table(results);
}

/** How many runs take 10 ms: a shorter time would be that of cold caches. */
async function repeatsOf(run) {
  for (let i = 0; i < 3; i++) await run();
  const started = processorTime();
  await run();
  return Math.max(1, Math.ceil(10 / (processorTime() - started)));
}

/** Some steps: 1×1 convolution, then an affine coupling by a conditioner that reads half of the channels. */
function steps({ outputs, hidden, size, transposed }) {
  const random = createRandom(5);
  const convolve = (name, x, channels, kernel, scale = 1) => {
    const inputs = x.shape[1];
    const deviation = scale / Math.sqrt(inputs * kernel * kernel);
    const form = name === transposed ? [inputs, channels] : [channels, inputs];
    const data = Float64Array.from(
      { length: inputs * channels * kernel * kernel },
      () => deviation * random.normal(),
    );
    const pad = (kernel - 1) / 2;
    const options = {
      bias: constant([channels], new Float64Array(channels)),
      pads: [pad, pad, pad, pad],
      strides: [1, 1],
    };
    const weight = constant([...form, kernel, kernel], data);
    return name === transposed ? convTranspose(x, weight, options) : conv(x, weight, options);
  };
  const halves = (x) => [slice(x, 1, 0, outputs / 2), slice(x, 1, outputs / 2, outputs)];
  const reads = outputs === 12 ? 8 : outputs / 2; // WebGPU miscomputes 6 channels, so exports read 8
  const x = input('x', 'float32', [symbol('batch'), outputs, size, size]);
  let y = x;
  for (let k = 0; k < STEPS; k++) {
    const whole = convolve('conv1x1', y, outputs, 1);
    const first = relu(convolve('conv1', slice(whole, 1, 0, reads), hidden, 3));
    const second = relu(convolve('conv2', first, hidden, 1));
    const [h, t] = halves(convolve('conv3', second, outputs, 3, 0.1));
    const [a, b] = halves(whole);
    y = concat([a, add(mul(b, exp(tanh(h))), t)], 1);
  }
  return graph({ name: 'steps', inputs: [x], outputs: { y } });
}

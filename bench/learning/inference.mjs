// What candidates of the learning suite cost at encode and decode: processor time over that of the baseline, one thread,
// 16 images, untrained weights. All take turns.
//
//     node bench/learning/inference.mjs 'muon + batch 16 + bounded' ['K 8' …]
import { exportFiles } from '@glow-onnx/exporter/files';
import { createGlow, createRandom, initialParams } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime/node';
import { median, takeTurns } from '../turns.mjs';
import { candidate, rates } from './candidates.mjs';

const IMAGES = 16;
const SECONDS = 60;

const names = process.argv.slice(2);
if (names.length === 0) throw new Error('inference: expected names of candidates');
const models = await Promise.all(
  ['baseline', ...names].map((name) => open(candidate(name, rates[0]).config)),
);
const { height, width, channels } = models[0].config;
const random = createRandom(1);
const images = Array.from({ length: IMAGES }, () => ({
  ...{ height, width, channels },
  data: Uint8Array.from({ length: height * width * channels }, () => random.below(256)),
}));
const { z } = await models[0].encode(images);

const clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
for (const [what, call] of Object.entries({
  encode: (model) => model.encode(images),
  decode: (model) => model.decode(z),
})) {
  const rounds = await takeTurns(
    models.map((model) => () => call(model)),
    SECONDS,
    { clock },
  );
  for (const [i, name] of names.entries()) {
    const ratio = median(rounds.map(([baseline, ...others]) => others[i] / baseline));
    console.log(
      `${name}: ${what} takes ${ratio.toFixed(2)} of the baseline's time (${rounds.length} rounds)`,
    );
  }
}
process.exit(); // a session keeps threads alive

async function open(config) {
  const files = await exportFiles({
    config,
    params: initialParams(createGlow(config), 1),
    initialised: true,
  });
  return loadGlow(files, { device: 'cpu', threads: 1 });
}

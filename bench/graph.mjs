// Exported graphs against unfolded ones and against their convolutions alone:
//   node bench/graph.mjs [--only 'K=8'] [--batch 16] [--seconds 10] [--one-thread] [--json]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { latentShapes } from '@glow-onnx/flow/internal';
import { fold } from '../packages/exporter/dist/build/fold.js';
import { traceDecode, traceEncode } from '../packages/exporter/dist/build/trace.js';
import { convolutionsAlone } from './floor.mjs';
import {
  flowOf,
  interleave,
  machine,
  median,
  models,
  named,
  noise,
  openModel,
  processorTime,
  randomCheckpoint,
} from './models.mjs';
import { graphReport } from './reports.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    batch: { type: 'string', default: '1,16,64' },
    seconds: { type: 'string', default: '6' },
    'one-thread': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
// On a machine that others use too, the processor time of one thread is the steadier measure.
const threads = values['one-thread'] ? 1 : availableParallelism();
const clock = threads === 1 ? processorTime : undefined;
const results = [];
for (const { name, config } of named(models, [values.only], 'only')) {
  const { glow, forward, inverse } = flowOf(randomCheckpoint(config));
  const folded = fold(glow, forward, inverse);
  const exported = {
    encode: traceEncode(config, folded.encode),
    decode: traceDecode(config, folded.decode),
  };
  const unfolded = {
    encode: traceEncode(config, { levels: glow.levels, weights: forward }),
    decode: traceDecode(config, { levels: glow.levels, weights: inverse }),
  };
  const floor = convolutionsAlone(exported.encode, config);
  for (const direction of ['encode', 'decode']) {
    const graphs = [exported[direction], unfolded[direction], floor];
    const sessions = [];
    for (const graph of graphs) sessions.push({ graph, session: await openModel(graph, threads) });
    for (const batch of values.batch.split(',').map(Number)) {
      const runs = sessions.map(({ graph, session }) => {
        const feeds = inputsOf(graph, config, batch);
        return () => session.run(feeds);
      });
      const rounds = await interleave(runs, Number(values.seconds), clock);
      const ratio = (other) => median(rounds.map((times) => times[0] / times[other]));
      const row = {
        ...{ model: name, direction, batch },
        speeds: [0, 1, 2].map((which) => (1000 * batch) / median(rounds.map((times) => times[which]))),
        overUnfolded: ratio(1),
        overConvolutions: ratio(2),
        rounds: rounds.length,
      };
      process.stderr.write(`${Object.values(row).join('  ')}\n`); // the whole takes minutes
      results.push(row);
    }
    for (const { session } of sessions) await session.release();
  }
}
const result = { machine: machine(), threads, rows: results };
console.log(values.json ? JSON.stringify(result) : graphReport(result));

/** Normal numbers of an image's or a latent's size for every input. */
function inputsOf(graph, config, batch) {
  const latents = latentShapes(config, batch, config.height, config.width);
  return Object.fromEntries(
    graph.inputs.map(({ name, shape: [, channels] }) => {
      const level = Number(name.slice(1));
      const size = name === 'x' ? [config.height, config.width] : latents[level].slice(2);
      return [name, noise([batch, channels, ...size], 3)];
    }),
  );
}

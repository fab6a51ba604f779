// How many images a candidate trains on while the baseline trains on one: both take turns in this process.
import { createRandom } from '@glow-onnx/flow';
import { openEngine } from '@glow-onnx/trainer/engine';

const ROUNDS = 11;
/** Images of a turn: about a second. */
const TURN = 128;

/** @returns the median over rounds of the processor time of the baseline, for as many images, over the candidate's. */
export async function pairedSpeed(baseline, candidate) {
  const sides = [await side(baseline), await side(candidate)];
  for (const take of sides) await take(); // opens what opens late
  const ratios = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [ofBaseline, ofCandidate] = [await sides[0](), await sides[1]()];
    ratios.push(ofBaseline / ofCandidate);
  }
  return ratios.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}

/** A function that takes the steps of a turn and gives the processor time of an image, in seconds. */
async function side({ config, batch: count, learning }) {
  const engine = await openEngine({ config }, { ...learning, batch: count, device: 'cpu', threads: 1 });
  const { uniform } = createRandom(1);
  const x = Float32Array.from({ length: count * config.height * config.width }, () => uniform() - 0.5);
  const batch = { count, x };
  await engine.initialise(batch);
  return async () => {
    const before = process.cpuUsage();
    const steps = Math.max(1, Math.round(TURN / count));
    for (let step = 0; step < steps; step++) await engine.step(batch, 1e-4);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 / (steps * count);
  };
}

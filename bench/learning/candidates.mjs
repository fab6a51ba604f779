// What the learning suite compares. A candidate is a baseline with changes; each candidate may be tried at as many rates
// as the baseline.
import { createConfig } from '@glow-onnx/flow';

const size = { channels: 1, height: 28, width: 28 };

/** The baseline: official Glow, small enough for one thread. */
const baseline = {
  preset: 'openai',
  model: { steps: 16, hiddenChannels: 64 },
  batch: 32,
  learning: { optimizer: 'adam', clip: 50, ema: 0.99 },
  /** Steps of the warm-up, as a share of all steps. */
  warmup: 0.02,
};

/** Learning rates for batches of 32 images. Each candidate is tried at the first, then each at the next, and so on. */
export const rates = [4e-3, 2e-3, 8e-3, 1e-3];

/** For other batches, the rate follows the root of their size. */
const rateAt = (rate, batch) => rate * Math.sqrt(batch / 32);

/** Changes of the baseline, by the names of the candidates. */
const changes = {
  baseline: {},
  // batch
  'batch 8': { batch: 8 },
  'batch 16': { batch: 16 },
  // wider, deeper
  'K 8 hidden 96': { model: { steps: 8, hiddenChannels: 96 } },
  'K 32 hidden 32': { model: { steps: 32, hiddenChannels: 32 } },
  'K 8': { model: { steps: 8, hiddenChannels: 64 } },
  // preset
  bounded: { preset: 'bounded' },
  // conditioner
  'residual hidden layer': { model: { hiddenLayer: 'residual' } },
  'gated hidden layer': { model: { hiddenLayer: 'gated' } },
  // optimiser
  adamax: { learning: { optimizer: 'adamax' } },
  muon: { learning: { optimizer: 'muon' } },
  'muon + batch 8': { batch: 8, learning: { optimizer: 'muon' } },
  'muon + batch 16': { batch: 16, learning: { optimizer: 'muon' } },
  'muon + batch 16 + bounded': { preset: 'bounded', batch: 16, learning: { optimizer: 'muon' } },
  'muon + batch 8 + bounded': { preset: 'bounded', batch: 8, learning: { optimizer: 'muon' } },
  'muon + batch 16 + K 8 hidden 96': {
    batch: 16,
    model: { steps: 8, hiddenChannels: 96 },
    learning: { optimizer: 'muon' },
  },
  'average 0.999': { learning: { ema: 0.999 } },
  'batch 128 + reversible': { batch: 128, learning: { memory: 'reversible' } },
  // noise
  'variational dequantisation': { learning: { dequantisation: 'variational' } },
};

/** The names of the candidates, the baseline first. */
export const candidates = Object.keys(changes);

/** All that decides a trial, except its seed and length. `smaller` replaces sizes of the model, for a test. */
export function candidate(name, rate, smaller = {}) {
  if (!Object.hasOwn(changes, name)) {
    throw new RangeError(`learning: expected one of ${candidates.join(', ')}, got ${name}`);
  }
  const change = changes[name];
  const merged = { ...baseline, ...change };
  return {
    config: createConfig({ ...size, ...baseline.model, ...change.model, ...smaller }, merged.preset),
    batch: merged.batch,
    learning: { ...baseline.learning, ...change.learning },
    warmup: merged.warmup,
    rate: rateAt(rate, merged.batch),
  };
}

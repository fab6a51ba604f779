import { Presets, SingleBar } from 'cli-progress';

const look = { hideCursor: true, clearOnComplete: true, noTTYOutput: false };

/** A progress bar that fills over `seconds` of training. */
export function trainingBar(seconds) {
  const format = '  {bar} {percentage}% | {bits} bits/dim | {speed} images/s | {phase}';
  const bar = new SingleBar({ ...look, format }, Presets.shades_classic);
  let started = Date.now();
  bar.start(seconds, 0, { bits: '-', speed: '-', phase: 'starting' });
  return {
    update({ phase, step, bitsPerDim, imagesPerSecond }) {
      if (step === 0) started = Date.now();
      bar.update(Math.min((Date.now() - started) / 1000, seconds), {
        bits: bitsPerDim.toFixed(2),
        speed: Math.round(imagesPerSecond),
        phase: phase === 'training' ? `step ${step}` : phase,
      });
    },
    stop: () => bar.stop(),
  };
}

/** A progress bar of `count` named steps. */
export function steps(count) {
  const bar = new SingleBar({ ...look, format: '  {bar} {value}/{total} {name}' }, Presets.shades_classic);
  bar.start(count, 0, { name: '' });
  return {
    async run(name, work) {
      bar.update({ name });
      const result = await work();
      bar.increment();
      return result;
    },
    stop: () => bar.stop(),
  };
}

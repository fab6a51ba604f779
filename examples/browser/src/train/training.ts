import { type ExportedFiles, exportFiles } from '@glow-onnx/exporter/files';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { type GlowModel, loadGlow, type RawImage } from '@glow-onnx/runtime';
import { openEngine } from '@glow-onnx/trainer/engine';
import { createBatches, type Pixels } from './batches.js';
import type { Plan } from './plan.js';

/** Steps whose loss is not finite before the training ends. */
const mostFailures = 10;
/** Short runs need an average that follows soon. */
const ema = 0.99;

/** What the user asks of samples. */
export interface SampleChoice {
  readonly temperature: number;
  readonly seed: number;
}

/** A model as it was after some steps. */
export interface Snapshot {
  readonly step: number;
  /** Mean bits/dim of the held-out pictures. */
  readonly heldOut: number;
  /** The model folder. */
  readonly files: ExportedFiles;
  /** For `glow-onnx train` and `glow-onnx export`. */
  readonly checkpoint: Uint8Array<ArrayBuffer>;
  sample(count: number, choice: SampleChoice): Promise<RawImage[]>;
}

export interface TrainingOptions {
  readonly mirror: boolean;
  /** Default: the number that fits this browser. */
  readonly threads?: number;
  readonly seed?: number;
}

/** Opens a new model and the pictures it learns from. Runs in a worker or in Node. */
export async function openTraining(
  pictures: readonly Pixels[],
  { config, batch, rate, warmup }: Plan,
  { mirror, seed = 1, ...runtime }: TrainingOptions,
) {
  const batches = createBatches(pictures, { config, batch, mirror, seed });
  const engine = await openEngine({ config }, { batch, ema, seed, ...runtime });
  const first = batches.next();
  await engine.initialise(first);
  let [step, failures, seconds] = [0, 0, 0];
  let shown: GlowModel | undefined;

  async function snapshot(): Promise<Snapshot> {
    const scores = await engine.evaluate(batches.validation());
    const heldOut = scores.reduce((sum, score) => sum + score) / scores.length;
    const checkpoint = {
      ...(await engine.checkpoint()),
      training: {
        dataset: 'pictures given to a page',
        ...{ trainingImages: batches.training, validationImages: batches.heldOut },
        ...{ images: step * batch, steps: step, seconds: Math.round(seconds) },
        ...{ engine: engine.description, bitsPerDim: heldOut },
      },
    };
    const files = await exportFiles(checkpoint, runtime);
    const model = await loadGlow(files, { device: 'wasm', cache: false, ...runtime });
    await shown?.dispose();
    shown = model;
    return {
      ...{ step, heldOut, files, checkpoint: encodeCheckpoint(checkpoint) },
      sample: (count, choice) => model.sample({ count, ...choice }),
    };
  }

  return {
    ...{ device: engine.device, training: batches.training, heldOut: batches.heldOut, batch },
    parameters: Object.values((await engine.state()).trainable).reduce(
      (sum, { data }) => sum + data.length,
      0,
    ),
    /**
     * One step.
     * @returns bits/dim of its pictures before it.
     * @throws Error if the loss is not finite again and again.
     */
    async step(): Promise<number> {
      const start = performance.now();
      const { bitsPerDim, applied } = await engine.step(
        batches.next(),
        rate * Math.min(1, (step + 1) / warmup),
      );
      seconds += (performance.now() - start) / 1000;
      step++;
      failures = applied ? 0 : failures + 1;
      if (failures >= mostFailures)
        throw new Error('the training came to numbers that are not finite; start over');
      return bitsPerDim;
    },
    /** The model as it is now. Replaces the model of the snapshot before. */
    snapshot,
    async dispose(): Promise<void> {
      await shown?.dispose();
      await engine.dispose();
    },
  };
}

import { checkGradientPrecision } from '../gradients/check-precision.js';
import { mean } from '../mean.js';
import { fromModel, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import type { PictureSize } from '../pictures/limits.js';
import { openPrior } from '../restore/graph-prior.js';
import type { Measurement } from '../restore/measurement.js';
import type { Method } from '../restore/methods.js';
import {
  densityWeights,
  type Loss,
  type Plan,
  plans,
  samplePlans,
  sampleTemperatures,
  secondPlans,
} from '../restore/plans.js';
import { inSteps, restore, stepsOf } from '../restore/restore.js';
import { groupBySize } from './batches.js';
import { type Call, type Place, placesOf, startCall } from './call.js';
import { checkAbort } from './check-abort.js';
import { collect } from './collect.js';
import { bytesPerPixel } from './cost.js';
import { gatherDraws } from './draws.js';
import { withGradientMemory } from './gradient.js';
import { type Failed, failedAt, type Item, isFailed } from './item.js';
import { type Judged, joined, judgeSearch } from './judge-search.js';
import { checkedItem } from './load-floats.js';
import type { MemoryBudget } from './memory-budget.js';
import type { ModelParts } from './model-parts.js';
import { mostSamples, type Restored, type RestoreOptions } from './restored.js';
import { isAny, runEach } from './run-batches.js';
import { trainingPercentile } from './training-percentile.js';

/** An image that is to be restored, or one draw of it. */
interface RestoreItem extends Item {
  readonly measurement: Measurement;
  /** Where the search starts; also the result if the search fails. */
  readonly start: Float32Array;
  readonly loss: Loss;
  readonly method: Method;
  readonly draw: number;
  /** What is known, for people to look at. */
  readonly known: RawImage;
}

/** What a task makes of an image that was passed. */
export interface Loaded extends Omit<RestoreItem, keyof Place | 'draw' | 'method'> {
  /** Whether values repeat over areas of the image; default: that is not known. */
  readonly isFlat?: boolean;
}

/**
 * Where values repeat over areas, a model of many bits learns spikes of density, which no image has, and a search of the
 * density climbs them. So models of more than 5 bits search in the latents, unless the image is known to have no such areas.
 */
const mostBitsForDensity = 5;

/**
 * Restores the images of a call.
 * @param load reads an image, and says what is known of the restored one. It calls `check` before it works on it.
 */
export async function runRestoration(
  parts: ModelParts,
  task: 'inpaint' | 'denoise' | 'enlarge',
  images: readonly ImageInput[],
  options: RestoreOptions,
  load: (image: ImageInput, call: Call, place: Place, check: (size: PictureSize) => void) => Promise<Loaded>,
): Promise<Restored[]> {
  checkGradientPrecision(parts.precision, `${task}: `);
  const { config, training } = parts.manifest;
  const { samples, seed = 0, steps } = options;
  let thrown: { readonly error: unknown } | undefined;
  /** A function of the caller. Its error ends the call, as it is, and does not count as a failure of one image. */
  const own =
    <Told>(listener: (told: Told) => void) =>
    (told: Told) => {
      try {
        listener(told);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
  const onStep = options.onStep && own(options.onStep);
  const onFit = options.onFit && own(options.onFit);
  const methodFor = ({ isFlat = true }: Loaded): Method =>
    options.method ??
    (config.bits <= mostBitsForDensity || (!isFlat && samples === undefined) ? 'density' : 'latents');
  const call = startCall(parts.manifest, task, images, { ...options, ...(onFit && { onFit }) });
  const draws = samples ?? 1;
  const percentileOf = trainingPercentile(training?.histogram);
  const planOf = ({ loss, method }: Pick<RestoreItem, 'loss' | 'method'>) =>
    inSteps(samples === undefined ? plans[method][loss] : samplePlans[method], steps);
  let { memory } = parts;
  const check = (where: string, size: PictureSize) => {
    memory.check(where, size, ['encode'], 'pass a smaller image');
    const most = Math.floor(largestDraws / (4 * config.channels * size.height * size.width));
    if (draws <= most) return;
    throw new RangeError(
      `${where}: ${draws} samples of ${size.height}×${size.width} are more than 1 GiB; draw at most ${most} at once`,
    );
  };

  /** A step runs all four graphs, and ONNX Runtime keeps the memory of each. */
  async function openGradients(): Promise<void> {
    const graphs = await Promise.all([parts.graphs.gradient('encode'), parts.graphs.gradient('decode')]);
    const bytes = graphs.reduce((sum, graph) => sum + graph.bytesPerPixel, 2 * bytesPerPixel(config));
    ({ memory } = withGradientMemory(parts, bytes));
  }

  async function* items(): AsyncGenerator<RestoreItem | Failed> {
    for (const place of placesOf(call)) {
      const loaded = await loadAt(place);
      if (isFailed(loaded)) {
        yield loaded;
        continue;
      }
      // The gradients take a second to open in a browser, which shows the start before.
      tell(loaded, loaded.start, 0, stepsOf(planOf(loaded)));
      await checkAbort(call.signal);
      await openGradients();
      const item = checkedItem(place, () => {
        check(place.where, loaded);
        return loaded;
      });
      if (isFailed(item)) yield item;
      else for (let draw = 0; draw < draws; draw++) yield { ...item, draw };
    }
  }
  async function loadAt(place: Place): Promise<RestoreItem | Failed> {
    try {
      const image = images[place.image] as ImageInput;
      const loaded = await load(image, call, place, (size) => check(place.where, size));
      return { ...place, ...loaded, method: methodFor(loaded), draw: 0 };
    } catch (error) {
      call.signal?.throwIfAborted();
      if (thrown) throw thrown.error;
      return failedAt(place, error);
    }
  }
  const most: MemoryBudget['most'] = (size, wanted) => memory.most(size, wanted);
  const batches = groupBySize(
    { ...parts, memory: { most } },
    call,
    items(),
    ({ loss, method }) => `${loss} ${method}`,
  );
  const restored = runEach(call, batches, isAny, async (batch) => {
    const [{ loss, method }] = batch as readonly [RestoreItem];
    const plan = planOf({ loss, method });
    const found = await search(batch, plan);
    const second = samples === undefined ? secondPlans[method][loss] : undefined;
    const stuck = batch.filter((_, n) => {
      const one = found[n];
      return one && !isFailed(one) && (one.value.percentile ?? 0) > 1 - tail;
    });
    if (!second || stuck.length === 0) return found;
    const again = await search(stuck, inSteps(second, steps), stepsOf(plan));
    return found.map((one) => {
      const other = again.find(({ image }) => image === one.image);
      if (!other || isFailed(other) || isFailed(one)) return one;
      return other.value.logProb > one.value.logProb ? other : one;
    });
  });

  /** Tells where the search of an item has come to. @param x the values of its image. */
  function tell(
    { image, draw: sample, height, width }: RestoreItem,
    x: Float32Array,
    step: number,
    steps: number,
  ) {
    const picture = fromModel({ x: x.map(inRange), height, width }, config.bits);
    onStep?.({ image, sample, step, steps, picture });
  }

  /** Ends the call where a function of the caller has thrown. */
  async function* unlessThrown<B>(batches: AsyncIterable<B>): AsyncGenerator<B> {
    for await (const batch of batches) {
      if (thrown) throw thrown.error;
      yield batch;
    }
  }

  /** What a search makes of a batch. @param before steps of the search before. */
  async function search(batch: readonly RestoreItem[], plan: Plan, before = 0) {
    const [{ height, width, method }] = batch as readonly [RestoreItem];
    const { temperature = sampleTemperatures[method] } = options;
    const prior = await openPrior(config, parts.graphs, {
      height,
      width,
      labels: batch.map(({ label }) => label),
    });
    const start = joined(batch.map((item) => item.start));
    const draw = samples === undefined ? undefined : { temperature, seed, streams: batch.map(sampleStream) };
    const total = before + stepsOf(plan);
    let step = before;
    const problem = {
      prior,
      measurements: batch.map(({ measurement }) => measurement),
      densityWeight: densityWeights[method],
      async onStep(now: Float32Array) {
        await checkAbort(call.signal);
        step++;
        for (const [n, item] of batch.entries()) {
          if (batch[n - 1]?.image === item.image) continue;
          tell(item, now.subarray(n * prior.size, (n + 1) * prior.size), step, total);
        }
      },
    };
    const x = await restore(problem, start, plan, draw);
    const size = { height, width };
    const judged = await judgeSearch(
      prior,
      { config, size, method },
      batch.map(({ measurement }) => measurement.sigma === 0 && !draw),
      { found: x.map(inRange), start: start.map(inRange) },
    );
    return batch.map((item, n) => {
      const { bitsPerDim, isStart, ...own } = judged[n] as Judged;
      if (!Number.isFinite(own.logProb)) {
        const reason =
          'the model gives neither the result nor its start a finite log p; pass an image more like its own';
        return failedAt(item, new Error(`${item.where}: ${reason}`));
      }
      const value = {
        ...own,
        ...size,
        known: item.known,
        percentile: percentileOf(bitsPerDim),
        method: isStart ? ('start' as const) : method,
      };
      return { ...item, value };
    });
  }
  const gathered = gatherDraws(unlessThrown(restored), draws);
  return collect(call, gathered, ({ image, values }) => {
    const fitted = call.fitOf(image);
    const images = values.map((value) => fromModel(value, config.bits));
    return {
      images,
      known: (values[0] as (typeof values)[number]).known,
      logProb: values.map(({ logProb }) => logProb),
      typical: values.map(({ percentile }) => (percentile === null ? null : isCentral(percentile))),
      method: values.map((value) => value.method),
      mean: images.length > 1 ? meanImage(images) : null,
      spread:
        values.length > 1
          ? spreadOf(
              values.map(({ x }) => x),
              config.channels,
              values[0] as Pick<Item, 'height' | 'width'>,
            )
          : null,
      ...(fitted && { fitted }),
    };
  });
}

/** For all samples of an image together, in bytes of float32: they are held until the last is drawn. */
const largestDraws = 2 ** 30;

const inRange = (value: number) => Math.min(0.5, Math.max(-0.5, Number.isFinite(value) ? value : 0));

/** Samples differ by image and draw, in whatever batch they run. */
function sampleStream({ image, draw }: RestoreItem): number {
  return image * mostSamples + draw;
}

/** The share of held-out images on either side of the typical ones. */
const tail = 0.005;

const isCentral = (percentile: number) => percentile >= tail && percentile <= 1 - tail;

/** The mean of images of one size, value by value. */
function meanImage(images: readonly RawImage[]): RawImage {
  const [first] = images as readonly [RawImage];
  const data = first.data.map((_, i) => Math.round(mean(images.map((one) => one.data[i] as number))));
  return { ...first, data };
}

function spreadOf(
  samples: readonly Float32Array[],
  channels: number,
  { height, width }: Pick<Item, 'height' | 'width'>,
) {
  const data = (samples[0] as Float32Array).map((_, i) => {
    const values = samples.map((sample) => sample[i] as number);
    const middle = mean(values);
    return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  });
  return { shape: [channels, height, width] as const, data };
}

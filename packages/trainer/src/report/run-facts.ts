import type { Glow, ParamSpec } from '@glow-onnx/flow';
import { describeValues, sizeOf, takesPixels } from '@glow-onnx/flow/internal';
import type { DataFacts } from '../data/dataset.js';
import type { TrainingData } from '../data/number-dataset.js';
import type { Batch } from '../engine/batch.js';
import type { TrainSettings } from '../settings/settings.js';
import { ofBound, speed } from './numbers.js';
import type { ReportFacts } from './page.js';
import { endsByTime, type Progress } from './progress.js';

/** The parts of a run that its report describes. */
export interface RunDescription {
  readonly glow: Glow;
  readonly data: TrainingData;
  readonly batches: {
    readonly trainingImages: number;
    /** At most `most` held-out images, evenly spread over the data. */
    examples(most: number): Promise<Batch>;
  };
  readonly settings: TrainSettings;
}

type Rows = [name: string, value: string][];

/** The facts about a run that its report shows. */
export function runFacts(
  { glow, data, batches, settings }: RunDescription,
  progress: Progress,
): Pick<ReportFacts, 'name' | 'figures' | 'tables' | 'bound'> {
  const bound = takesPixels(glow.config) ? settings.dequantisation : undefined;
  return {
    ...{ name: data.name, bound },
    figures: figuresOf(progress, ofBound(bound)),
    tables: [
      ['Model', modelRows(glow)],
      ['Training', trainingRows(settings, progress)],
      ['Data', dataRows(data, batches)],
    ],
  };
}

function figuresOf(progress: Progress, bound: string): Rows {
  const { before, best, epoch, epochs, images, imagesPerSecond, seconds } = progress;
  const done = endsByTime(progress) ? `${epoch}` : `${epoch} of ${epochs}`;
  return [
    [`best bits/dim${bound}`, best.toFixed(3)],
    ['before training', before.toFixed(3)],
    ['epochs', done],
    ['images', images.toLocaleString('en-US')],
    ['images per second', speed(imagesPerSecond)],
    ['time', seconds < 3600 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`],
  ];
}

function modelRows({ config, params, dequantiser }: Glow): Rows {
  const { channels, height, width, levels, steps, hiddenChannels, classes } = config;
  const sizesOf = (specs: readonly ParamSpec[]): number =>
    specs.filter(({ kind }) => kind === 'trainable').reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const ofNoise = sizesOf((dequantiser?.layers ?? []).flatMap(({ layer }) => layer.params));
  return [
    [
      takesPixels(config) ? 'images' : 'feature maps',
      `${channels}×${height}×${width}, ${describeValues(config)}`,
    ],
    ...(takesPixels(config)
      ? []
      : ([['bits/dim', 'of a density: they depend on the unit, and may be negative']] as Rows)),
    ['levels, steps, hidden channels', `${levels}, ${steps}, ${hiddenChannels}`],
    ['parameters', (sizesOf(params) - ofNoise).toLocaleString('en-US')],
    ...(dequantiser
      ? ([['parameters of the dequantiser, not exported', ofNoise.toLocaleString('en-US')]] as Rows)
      : []),
    ['1×1 convolution', config.conv1x1],
    ['coupling', config.coupling],
    ['prior', classes > 0 ? `${config.prior}, ${classes} classes` : config.prior],
  ];
}

function trainingRows(settings: TrainSettings, progress: Progress): Rows {
  const { batch, accumulate, optimizer, beta1, beta2, rate, warmup, schedule, clip, ema, flip, shift, seed } =
    settings;
  const augmentation = [flip ? 'flip' : '', shift > 0 ? `shift by ${shift}` : ''].filter(
    (word) => word !== '',
  );
  const { engine, step, stepsPerEpoch, skipped, rolledBack, waiting } = progress;
  return [
    ['engine', engine],
    ['steps', `${step.toLocaleString('en-US')}, ${stepsPerEpoch.toLocaleString('en-US')} per epoch`],
    ['batch', accumulate > 1 ? `${batch} in ${accumulate} parts` : String(batch)],
    ['optimizer, rate', `${optimizer}, ${rate}, ${schedule} after ${warmup} steps`],
    ['betas', `${beta1}, ${beta2}`],
    ['largest gradient norm', String(clip)],
    ['averaged weights', ema > 0 ? `decay ${ema}` : 'none'],
    ['augmentation', augmentation.join(', ') || 'none'],
    ['steps skipped, undone', `${skipped}, ${rolledBack}`],
    ['waiting for images', `${(100 * waiting).toFixed(1)} %`],
    ['seed', String(seed)],
  ];
}

function dataRows(
  { name, count, labels, skipped, leftOut }: DataFacts,
  { trainingImages }: RunDescription['batches'],
): Rows {
  return [
    ['name', name],
    [
      'training, held out',
      `${trainingImages.toLocaleString('en-US')}, ${(count - trainingImages).toLocaleString('en-US')}`,
    ],
    ['files skipped', String(skipped.length)],
    ['entries left out', String(leftOut.length)],
    ...Object.entries(labels ?? {}).map(([attribute, { values }]): [string, string] => [
      `attribute ${attribute}`,
      values.length > 12 ? `${values.length} values` : values.join(', '),
    ]),
  ];
}

import type { LoadedCheckpoint } from '@glow-onnx/exporter';
import { type GlowConfig, presets } from '@glow-onnx/flow';
import { describeValues, takesPixels } from '@glow-onnx/flow/internal';
import { shownSource } from '@glow-onnx/runtime/internal-node';
import type { DatasetOptions } from '../data/dataset.js';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import { count } from '../report/numbers.js';
import { checkValues } from '../run/check-data.js';
import type { Flags } from './flags.js';

/** The model that `--init` names. */
export interface Init extends LoadedCheckpoint {
  /** Its path, or its address without secrets, for messages. */
  readonly name: string;
  /** The images that it was trained on; undefined for a model of numbers. */
  readonly preferred?: NonNullable<DatasetOptions['preferred']>;
}

/**
 * Reads the model that a run starts from.
 * @throws RangeError if a flag contradicts the model. @throws the errors of `loadCheckpoint`.
 */
export async function readInit(source: string, flags: Flags, signal: AbortSignal): Promise<Init> {
  const { loadCheckpoint } = await import('@glow-onnx/exporter'); // a new model needs no exporter
  const loaded = await loadCheckpoint(source, { signal });
  const name = shownSource(source);
  const { config } = loaded.checkpoint;
  checkFlags(name, flags, config);
  const { channels, height, width } = config;
  if (!takesPixels(config)) return { ...loaded, name };
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`${name} has ${channels} channels, but image files have 1 (grey) or 3 (colour)`);
  }
  return { ...loaded, name, preferred: { size: { height, width }, channels } };
}

/** @throws RangeError naming a flag that asks for another model. The flags that agree do no harm. */
function checkFlags(name: string, flags: Flags, config: GlowConfig): void {
  const own = { ...config, hidden: config.hiddenChannels };
  const differs = (['levels', 'steps', 'hidden', 'bits', 'channels'] as const).find(
    (flag) => flags[flag] !== undefined && Number(flags[flag]) !== own[flag],
  );
  const refuse = (flag: string, fact: string): never => {
    throw new RangeError(
      `--${flag} contradicts --init: ${name} ${fact}, and its weights fit nothing else; ` +
        `leave --${flag} out, or leave --init out to train a new model`,
    );
  };
  if (differs) refuse(differs, `has ${differs} ${own[differs]}`);
  const { preset, labels, size } = flags;
  if (
    preset &&
    Object.entries(presets[preset]).some(([key, value]) => config[key as keyof GlowConfig] !== value)
  ) {
    refuse('preset', 'is of another variant');
  }
  if (labels !== undefined && config.classes === 0 && config.prior === 'standard') {
    refuse('labels', 'has the prior "standard", which no class can move');
  }
  if (size) checkSize(name, config, size, `--size ${size.height}x${size.width}`);
}

type Size = Pick<GlowConfig, 'height' | 'width'>;

/** @throws RangeError unless the model can take images of this size. */
function checkSize(name: string, { levels, height, width }: GlowConfig, size: Size, given: string): void {
  const unit = 2 ** levels;
  if (size.height % unit === 0 && size.width % unit === 0) return;
  throw new RangeError(
    `${given}: ${name} has ${count(levels, 'level')}, so height and width must be divisible by ${unit}; ` +
      `it was trained with --size ${height}x${width}`,
  );
}

/**
 * Compares the model with the images.
 * @returns what stays as in the model and what changes, in one line each, to be shown before training begins.
 * @throws RangeError if the model cannot take the images.
 */
export function compareWithData(
  { name, checkpoint, origin }: Init,
  data: TrainingData,
  labels: string | undefined,
): string[] {
  const { config } = checkpoint;
  const { channels, height, width, levels, steps, hiddenChannels, bits } = config;
  checkSize(name, config, data, `${data.name} has images of ${data.height}×${data.width}`);
  checkValues(data, config);
  if (data.channels !== channels) {
    throw new RangeError(
      `${data.name} has images of ${count(data.channels, 'channel')}, but ${name} has ${channels}, which stay; ` +
        (isNumbers(data)
          ? 'pass features of its channels'
          : `pass --channels ${channels}, or a folder of images, which are converted`),
    );
  }
  const how = { file: '', folder: ', the checkpoint that it carries', graphs: ', rebuilt from its graphs' }[
    origin
  ];
  const sameSize = data.height === height && data.width === width;
  return [
    `start: ${name}${how}: ${channels}×${height}×${width}, ${describeValues(config)}, ` +
      `${count(levels, 'level')} × ${count(steps, 'step')}, ${hiddenChannels} hidden channels`,
    ...(sameSize
      ? []
      : [
          `  size: it was trained on ${height}×${width} and takes ${data.height}×${data.width} too, but starts worse ` +
            `where structures have another size in pixels; --size ${height}x${width} gives its own`,
        ]),
    ...(labels !== undefined && config.classes === 0
      ? [`  classes: it has none and gets those of ${labels}; it starts by drawing the same for all`]
      : []),
    ...(takesPixels(config) && bits < 8
      ? [`  bits: it keeps the upper ${bits} of 8 bits; compare its bits/dim only at --bits ${bits}`]
      : []),
  ];
}

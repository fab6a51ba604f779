import { dirname, resolve } from 'node:path';
import type { Calibration } from '../calibration/calibration.js';
import { encodeCalibration, parseCalibration } from '../calibration/calibration-file.js';
import type { FalseAlarms } from '../calibration/conformal.js';
import { falseAlarmsIn } from '../calibration/judge.js';
import type { Statistic } from '../calibration/statistics.js';
import type { Bound } from '../model/bounds.js';
import { checkOutputs } from '../node/check-outputs.js';
import { readWholeFile } from '../node/read-file.js';
import { writeFileAtomic } from '../node/write-file.js';
import type { Fit } from '../pictures/fits.js';
import type { TensorFlags } from './commands.js';
import { isAddress } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { readInputs } from './inputs.js';
import { facts, type Report } from './report.js';
import { type Context, type ModelFlags, withModel } from './run.js';
import { given } from './run-program.js';

/** How images are scored. What is left out has a default, or is as in the calibration. */
export interface DrawFlags extends ModelFlags, TensorFlags {
  readonly draws?: number;
  readonly bound?: Bound;
  readonly fit?: Fit;
  readonly seed?: number;
}

export interface CalibrateFlags extends DrawFlags {
  readonly falseAlarms: number;
  readonly statistics?: readonly Statistic[];
  readonly groupBy?: 'folder';
  readonly out: string;
  readonly force: boolean;
}

/** Writes the calibration of good images. An image that fails is an error: leaving it out would change the rate. */
export async function calibrate(
  directory: string,
  paths: readonly string[],
  { falseAlarms, statistics, groupBy, out, force, draws, bound, seed, fit, tensor, ...flags }: CalibrateFlags,
  context: Context,
): Promise<Report> {
  const { inputs, names: images, noun, files, leftOut, named } = await readInputs(paths, { tensor });
  checkOutputs([out], [directory, ...files], force);
  if (groupBy && !named) {
    throw new RangeError('--group-by: feature maps of a file lie in no folders; leave it out');
  }
  const groups = groupBy && images.map(folderOf);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const calibration = await model.calibrate(inputs, {
      ...{ ...options, falseAlarms, onFit },
      ...given({ statistics, groups, draws, bound, seed, fit }),
    });
    await writeFileAtomic(out, encodeCalibration(calibration));
    const rate = falseAlarmsIn(calibration);
    const compared = Object.values(calibration.scores)[0]?.length ?? 0;
    const count = groups ? new Set(groups).size : images.length;
    const unit = groups ? 'groups' : 'images';
    return {
      text: [
        `wrote ${out}`,
        facts([
          [
            groups ? unit : `${noun}s`,
            `${count}: ${count - compared} for reference, ${compared} to compare with`,
          ],
          ['statistics', Object.keys(calibration.scores).join(', ')],
          ['false alarms', describeRate(rate)],
        ]),
        `next: glow-onnx score ${directory} ${named ? 'IMAGES' : 'FILE.safetensors'} --calibration ${out}`,
      ].join('\n'),
      json: {
        out,
        [unit]: count,
        compared,
        statistics: Object.keys(calibration.scores),
        falseAlarms: rate,
        fitted,
        leftOut,
      },
      ...{ fitted, leftOut },
    };
  });
}

/** The folder of an image, of whatever way a path leads to it. */
function folderOf(image: string): string {
  return isAddress(image) ? dirname(image) : dirname(resolve(image));
}

/** @throws Error if the file cannot be read, or is not a calibration. */
export async function readCalibration(path: string): Promise<Calibration> {
  return parseCalibration(await readWholeFile(path, 2 ** 26));
}

/** `1 % of good images; with these images between 0.5 % and 1.7 % (95 %)`. */
export function describeRate({ expected, interval }: FalseAlarms): string {
  const [low, high] = interval.map(percent);
  return `${percent(expected)} of good images; with this calibration between ${low} and ${high} (95 %)`;
}

function percent(rate: number): string {
  return `${Number((100 * rate).toPrecision(2))} %`;
}

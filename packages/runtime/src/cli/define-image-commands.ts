import { type Command, Option } from 'commander';
import { defaultStatistics, statistics } from '../calibration/statistics.js';
import { bounds } from '../model/bounds.js';
import { defaultBound, defaultDraws } from '../model/measure.js';
import { calibrate } from './calibrate-command.js';
import { decode, encode, reconstruct, sample } from './commands.js';
import { features } from './features-command.js';
import {
  dataFile,
  deviceOptions,
  fitOption,
  imageOptions,
  imageOrNumberOptions,
  imagePath,
  integer,
  modelCommand,
  modelOptions,
  perLevel,
  rate,
  type Show,
  shard,
  statisticNames,
  tensorOption,
} from './options.js';
import { score } from './score-command.js';

/** Defines the commands from images to what a model makes of them, and back: encode, features, decode, reconstruct, sample, calibrate, score. */
export function defineImageCommands(program: Command, show: Show): void {
  inputOptions(modelOptions(modelCommand(program, 'encode', 'encode images to latents')))
    .requiredOption('--out <file>', 'file for the latents (safetensors)', dataFile('FILE.safetensors'))
    .action((model, images, flags) => show(flags, (context) => encode(model, images, flags, context)));

  inputOptions(
    deviceOptions(modelCommand(program, 'features', 'write features of images, to learn classes from')),
  )
    .requiredOption('--out <file>', 'file for the features (safetensors)', dataFile('FILE.safetensors'))
    .action((model, images, flags) => show(flags, (context) => features(model, images, flags, context)));

  imageOrNumberOptions(modelOptions(modelCommand(program, 'decode', 'decode latents to images')))
    .argument('<latents>', 'safetensors file written by encode')
    .action((model, latents, flags) => show(flags, (context) => decode(model, latents, flags, context)));

  imageOptions(
    modelOptions(
      modelCommand(program, 'reconstruct', 'encode and decode images: shows them as the model sees them'),
    ),
  )
    .argument('<images...>', 'images, or folders of images')
    .addOption(fitOption())
    .action((model, images, flags) => show(flags, (context) => reconstruct(model, images, flags, context)));

  imageOrNumberOptions(modelOptions(modelCommand(program, 'sample', 'draw new images from the model')))
    .option('--count <n>', 'number of images', integer(1, 1e6), 16)
    .option(
      '--temperature <t>',
      'factor on the latents, one for all levels or one per level; 0.7 to 0.9 gives calmer images',
      perLevel(0),
      1,
    )
    .option('--seed <n>', 'seed; the same seed gives the same images', integer(0), 0)
    .option('--height <n>', 'height in pixels (default: height of the training images)', integer(1))
    .option('--width <n>', 'width in pixels (default: width of the training images)', integer(1))
    .action((model, flags) => show(flags, (context) => sample(model, flags, context)));

  drawOptions(
    modelOptions(modelCommand(program, 'calibrate', 'measure good images, so that score can give a verdict')),
    '',
  )
    .argument('<images...>', 'good images that training has not seen, folders of them, or .safetensors files')
    .option('--false-alarms <rate>', 'share of good images that may be called unusual', rate, 0.01)
    .option(
      '--statistics <names>',
      `what may be unusual, of ${statistics.join(', ')} (default: ${defaultStatistics}); surprise and gradient need a second pass each`,
      statisticNames,
    )
    .addOption(
      new Option(
        '--group-by <what>',
        'images of one folder are alike, such as patches of one photograph: one of each folder counts',
      ).choices(['folder']),
    )
    .option('--out <file>', 'file for the calibration', dataFile('FILE.json'), 'calibration.json')
    .option('--force', 'overwrite an existing file', false)
    .action((model, images, flags) => show(flags, (context) => calibrate(model, images, flags, context)));

  drawOptions(
    modelOptions(modelCommand(program, 'score', 'score how well images resemble the training images')),
    ', or that of the calibration',
  )
    .argument('<images...>', 'images, folders of images, or .safetensors files of feature maps')
    .option('--calibration <file>', 'file written by calibrate: print p-values and verdicts')
    .option('--false-alarms <rate>', 'rate of the verdicts (default: that of the calibration)', rate)
    .option('--shard <i/n>', 'score only the i-th of n parts of the images, from 1/n to n/n', shard)
    .option(
      '--out <file>',
      'write a line of JSON for each image to this file, also for bad images',
      dataFile('FILE.jsonl'),
    )
    .option(
      '--heatmap <path>',
      'draw where the bits of each image are: FILE.png for all images, or a folder for one file per image',
      imagePath,
    )
    .option('--resume', 'keep --out if it is there: it was complete when it got its name', false)
    .option('--force', 'overwrite existing files', false)
    .addHelpText('after', scoreHelp)
    .action((model, images, flags) => show(flags, (context) => score(model, images, flags, context)));
}

const scoreHelp = `
Without --calibration, score prints for each image
  bits/dim    bits per value; simple images get low values, whatever they show
  percentile  share of the images held out in training that have fewer bits/dim
  typicality  share of those images that lie as far from their median or farther
  complexity  bits/dim of a lossless compressor
  excess      bits/dim minus complexity; a higher value means a less usual image`;

/** Images or feature maps in, one file out. */
function inputOptions<C extends Command>(command: C): C {
  command
    .argument(
      '<images...>',
      'images (PNG, JPEG, WebP), folders of images, or .safetensors files of feature maps',
    )
    .addOption(fitOption())
    .addOption(tensorOption())
    .option('--force', 'overwrite an existing file', false);
  return command;
}

/** How images are scored. @param or ends the description of a default. */
function drawOptions(command: Command, or: string): Command {
  return command
    .option(
      '--draws <n>',
      `number of dequantisation draws of an image (default: ${defaultDraws}${or})`,
      integer(1, 10_000),
    )
    .addOption(
      new Option(
        '--bound <how>',
        `how draws become one number: mean of their bits, or importance: from the mean of their likelihoods, never above (default: ${defaultBound}${or})`,
      ).choices([...bounds]),
    )
    .option('--seed <n>', 'seed of the draws (default: 0)', integer(0))
    .addOption(fitOption(or))
    .addOption(tensorOption());
}

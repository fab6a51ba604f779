import { type Command, Option } from 'commander';
import { bounds } from '../model/bounds.js';
import { decode, encode, reconstruct, sample } from './commands.js';
import {
  fitOption,
  imageOptions,
  integer,
  modelCommand,
  modelOptions,
  perLevel,
  type Show,
  shard,
  tensorOption,
} from './options.js';
import { score } from './score-command.js';

/** Defines the commands between images and latents: encode, decode, reconstruct, sample, score. */
export function defineImageCommands(program: Command, show: Show): void {
  modelOptions(modelCommand(program, 'encode', 'encode images to latents'))
    .argument(
      '<images...>',
      'images (PNG, JPEG, WebP), folders of images, or .safetensors files of feature maps',
    )
    .requiredOption('--out <file>', 'file for the latents (safetensors)')
    .addOption(fitOption())
    .addOption(tensorOption())
    .option('--force', 'overwrite an existing file', false)
    .action((model, images, flags) => show(flags, (context) => encode(model, images, flags, context)));

  imageOptions(modelOptions(modelCommand(program, 'decode', 'decode latents to images')))
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

  imageOptions(modelOptions(modelCommand(program, 'sample', 'draw new images from the model')))
    .option('--count <n>', 'number of images', integer(1, 1e6), 16)
    .option(
      '--temperature <t>',
      'factor on the latents, one for all levels or one per level; 0.7 to 0.9 gives calmer images',
      perLevel,
      1,
    )
    .option('--seed <n>', 'seed; the same seed gives the same images', integer(0), 0)
    .option('--height <n>', 'height in pixels (default: height of the training images)', integer(1))
    .option('--width <n>', 'width in pixels (default: width of the training images)', integer(1))
    .action((model, flags) => show(flags, (context) => sample(model, flags, context)));

  modelOptions(modelCommand(program, 'score', 'score how well images resemble the training images'))
    .argument('<images...>', 'images, folders of images, or .safetensors files of feature maps')
    .option('--draws <n>', 'number of dequantisation draws of an image (default: 8)', integer(1, 10_000))
    .addOption(
      new Option(
        '--bound <how>',
        'how draws become one number: mean of their bits, or importance: from the mean of their likelihoods, never above (default: mean)',
      ).choices([...bounds]),
    )
    .option('--seed <n>', 'seed of the draws (default: 0)', integer(0))
    .addOption(fitOption())
    .addOption(tensorOption())
    .option('--shard <i/n>', 'score only the i-th of n parts of the images, from 1/n to n/n', shard)
    .option('--out <file>', 'write a line of JSON for each image to this file, also for bad images')
    .option('--resume', 'keep --out if it is there: it was complete when it got its name', false)
    .option('--force', 'overwrite an existing file', false)
    .action((model, images, flags) => show(flags, (context) => score(model, images, flags, context)));
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  fitOption,
  imageOptions,
  integer,
  modelCommand,
  modelOptions,
  pngFile,
  type Show,
} from './options.js';
import { denoise, enlarge, inpaint } from './restore-commands.js';

/** Defines the commands that restore images: inpaint, denoise, enlarge. */
export function defineRestoreCommands(program: Command, show: Show): void {
  restoring(program, 'inpaint', 'complete images whose unknown pixels a mask shows in white')
    .argument('<images>', 'image, or folder of images')
    .argument('<mask>', 'mask for all images, or folder with one mask for each, of the same name')
    .action((model, images, mask, flags) =>
      show(flags, (context) => inpaint(model, images, mask, flags, context)),
    );

  restoring(program, 'denoise', 'take noise off images')
    .argument('<images...>', 'images, or folders of images')
    .requiredOption('--sigma <s>', 'standard deviation of the noise; 0.1 is a tenth of the range', share)
    .action((model, images, flags) => show(flags, (context) => denoise(model, images, flags, context)));

  restoring(
    program,
    'enlarge',
    'make images larger, to the training size; larger images are first made as small as that divided by the factor',
  )
    .argument('<images...>', 'images, or folders of images')
    .option('--factor <n>', 'how many times larger each side becomes, 2 or 4', factor, 2)
    .action((model, images, flags) => show(flags, (context) => enlarge(model, images, flags, context)));
}

function within(text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
}
const temperature = (text: string) => within(text, 0, 10);
const share = (text: string) => within(text, 0.001, 1);

function factor(text: string): number {
  if (text === '2' || text === '4') return Number(text);
  throw new InvalidArgumentError('It must be 2 or 4.');
}

function restoring(program: Command, name: string, description: string): Command {
  return imageOptions(modelOptions(modelCommand(program, name, description)))
    .option(
      '--samples <n>',
      'as many different results for each image (default: the most likely one)',
      integer(1, 1000),
    )
    .option(
      '--temperature <t>',
      'variety of the samples: 0 the least, 1 that of the training images (default: 0.8 or 0.9, by method)',
      temperature,
    )
    .option('--seed <n>', 'seed of the samples', integer(0), 0)
    .option('--steps <n>', 'steps of the search (default: by task)', integer(1, 100_000))
    .addOption(
      new Option('--method <name>', 'how to search (default: by the bits of the model)').choices([
        'density',
        'latents',
      ]),
    )
    .option('--grid <file>', 'FILE.png that shows each image as it was given, beside its results', pngFile)
    .addOption(fitOption());
}

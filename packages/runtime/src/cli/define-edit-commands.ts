import { type Command, Option } from 'commander';
import { applyAttribute, findAttribute, interpolate, mix } from './edit-commands.js';
import {
  dataFile,
  fitOption,
  imageOptions,
  integer,
  levels,
  modelCommand,
  modelOptions,
  perLevel,
  type Show,
} from './options.js';

/** Defines the commands that edit images: interpolate, mix, attribute find, attribute apply. */
export function defineEditCommands(program: Command, show: Show): void {
  imageOptions(
    modelOptions(
      modelCommand(program, 'interpolate', 'draw the images on the way from one image to another'),
    ),
  )
    .argument('<a>', 'first image')
    .argument('<b>', 'last image')
    .option('--steps <n>', 'number of images, first and last included', integer(2, 10_000), 8)
    .addOption(
      new Option('--mode <mode>', 'path between the latents')
        .choices(['linear', 'spherical'])
        .default('linear'),
    )
    .option('--levels <list>', 'levels that change, such as 1,2; 0 is the finest (default: all)', levels)
    .addOption(fitOption())
    .action((model, a, b, flags) => show(flags, (context) => interpolate(model, a, b, flags, context)));

  imageOptions(modelOptions(modelCommand(program, 'mix', 'replace levels of one image by those of another')))
    .argument('<a>', 'image to change')
    .argument('<b>', 'image that gives the levels')
    .requiredOption('--levels <list>', 'levels to take from <b>, such as 0,1; 0 is the finest', levels)
    .addOption(fitOption())
    .action((model, a, b, flags) => show(flags, (context) => mix(model, a, b, flags, context)));

  const attribute = program
    .command('attribute')
    .description('find the direction of an attribute such as "smiling", and apply it');
  modelOptions(
    modelCommand(attribute, 'find', 'find the direction between images with and without something'),
  )
    .requiredOption('--with <images...>', 'images with it, or folders of images')
    .requiredOption('--without <images...>', 'images without it, or folders of images')
    .requiredOption('--out <file>', 'file for the direction (safetensors)', dataFile('FILE.safetensors'))
    .addOption(fitOption())
    .option('--force', 'overwrite an existing file', false)
    .action((model, flags) => show(flags, (context) => findAttribute(model, flags, context)));
  imageOptions(modelOptions(modelCommand(attribute, 'apply', 'move images along a direction')))
    .argument('<direction>', 'safetensors file written by attribute find')
    .argument('<images...>', 'images, or folders of images')
    .option(
      '--strength <s>',
      'how far to move, one for all levels or one per level, finest first; 0 changes nothing',
      perLevel(),
      1,
    )
    .addOption(fitOption())
    .action((model, direction, images, flags) =>
      show(flags, (context) => applyAttribute(model, direction, images, flags, context)),
    );
}

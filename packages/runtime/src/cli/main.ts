import { type Command, Option, Command as Program } from 'commander';
import { decode, encode, reconstruct, sample } from './commands.js';
import { doctor } from './doctor.js';
import { applyAttribute, findAttribute, interpolate, mix } from './edit-commands.js';
import { info } from './info.js';
import { fitOption, integer, levels, modelOptions, perLevel, pictureOptions } from './options.js';
import { progressOn } from './progress.js';
import type { Report } from './report.js';
import type { Context } from './run.js';
import { onTerminal, runProgram, type Terminal } from './run-program.js';
import { score } from './score-command.js';

/**
 * The command `glow`. Results go to stdout, progress and an error, one line, to stderr.
 * @param signal ends the command between batches, with nothing half-written.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 130 when interrupted.
 */
export async function main(
  argv: readonly string[],
  version: string,
  terminal: Terminal,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  return runProgram(buildProgram(version, terminal, signal), argv, terminal, { signal, inFlags });
}

/** An error of the library in the words of the command line: no call, and flags instead of options. */
function inFlags(message: string): string {
  return message
    .replace(
      /^(loadGlow|encode|decode|reconstruct|sample|score|interpolate|mix|\w+Attribute|\w+Direction|\w+Latents): /,
      '',
    )
    .replace(/^(label|count|temperature|seed|height|width|levels|strength|steps|precision|device)\b/, '--$1')
    .replaceAll('resize or pad it.', 'pass --fit resize, crop or pad')
    .replaceAll('pass device: ', 'pass --device ');
}

function buildProgram(version: string, terminal: Terminal, signal: AbortSignal): Command {
  const program = onTerminal(new Program('glow'), terminal)
    .description('Encode, decode, sample, edit and score pictures with a Glow model folder.')
    .version(version);
  const command = (name: string, description: string, parent: Command = program) =>
    parent
      .command(name)
      .description(description)
      .argument('<model>', 'model folder, as glow-export writes it, or its address')
      .option('--json', 'print JSON', false);
  /** Runs a command and prints what it reports, in the form asked for. */
  const show = async ({ json: asJson }: { json: boolean }, run: (context: Context) => Promise<Report>) => {
    const { onProgress, end } = progressOn(terminal.stderr);
    const { text, json, error } = await run({ onProgress, signal }).finally(end);
    terminal.stdout.write(`${asJson ? JSON.stringify(json, null, 2) : text}\n`);
    if (error) throw error;
  };

  command('info', 'describe a model folder and verify its files').action((model, flags) =>
    show(flags, () => info(model)),
  );

  program
    .command('doctor')
    .description('try every device here, and with a model folder compare its golden images')
    .argument('[model]', 'model folder, as glow-export writes it, or its address')
    .option('--json', 'print JSON', false)
    .action((model, flags) => show(flags, () => doctor(model)));

  modelOptions(command('encode', 'turn pictures into latents'))
    .argument('<images...>', 'pictures (PNG, JPEG, WebP) of one size, or folders of them')
    .requiredOption('--out <file>', 'latents to write (safetensors)')
    .addOption(fitOption())
    .option('--force', 'overwrite', false)
    .action((model, images, flags) => show(flags, (context) => encode(model, images, flags, context)));

  pictureOptions(modelOptions(command('decode', 'turn latents back into pictures')))
    .argument('<latents>', 'safetensors file with z0 …')
    .action((model, latents, flags) => show(flags, (context) => decode(model, latents, flags, context)));

  pictureOptions(
    modelOptions(command('reconstruct', 'encode and decode: the pictures as the model sees them')),
  )
    .argument('<images...>', 'pictures, or folders of them')
    .addOption(fitOption())
    .action((model, images, flags) => show(flags, (context) => reconstruct(model, images, flags, context)));

  pictureOptions(modelOptions(command('sample', 'draw pictures from the model')))
    .option('--count <n>', 'pictures', integer(1, 1e6), 16)
    .option('--temperature <t>', 'factor on the latents, or one per level: 0.7 to 0.9 is calmer', perLevel, 1)
    .option('--seed <n>', 'seed', integer(0), 0)
    .option('--height <n>', 'height in pixels (default: as trained)', integer(1))
    .option('--width <n>', 'width in pixels (default: as trained)', integer(1))
    .action((model, flags) => show(flags, (context) => sample(model, flags, context)));

  pictureOptions(modelOptions(command('interpolate', 'draw the way from one picture to another')))
    .argument('<a>', 'first picture')
    .argument('<b>', 'last picture')
    .option('--steps <n>', 'pictures, both ends included', integer(2, 10_000), 8)
    .addOption(new Option('--mode <mode>', 'path').choices(['linear', 'spherical']).default('linear'))
    .option('--levels <list>', 'levels that move, 0 the finest: 1,2 (default: all)', levels)
    .addOption(fitOption())
    .action((model, a, b, flags) => show(flags, (context) => interpolate(model, a, b, flags, context)));

  pictureOptions(modelOptions(command('mix', 'one picture with levels of another')))
    .argument('<a>', 'picture')
    .argument('<b>', 'picture that levels are taken from')
    .requiredOption('--levels <list>', 'levels to take, 0 the finest: 0,1', levels)
    .addOption(fitOption())
    .action((model, a, b, flags) => show(flags, (context) => mix(model, a, b, flags, context)));

  const attribute = program.command('attribute').description('find and apply directions such as "smiling"');
  modelOptions(command('find', 'the direction between pictures with and without something', attribute))
    .requiredOption('--with <images...>', 'pictures with it, or folders of them')
    .requiredOption('--without <images...>', 'pictures without it')
    .requiredOption('--out <file>', 'direction to write (safetensors)')
    .addOption(fitOption())
    .option('--force', 'overwrite', false)
    .action((model, flags) => show(flags, (context) => findAttribute(model, flags, context)));
  pictureOptions(modelOptions(command('apply', 'move pictures along a direction', attribute)))
    .argument('<direction>', 'safetensors file of attribute find')
    .argument('<images...>', 'pictures, or folders of them')
    .option('--strength <s>', 'how far, or one per level, finest first; 0 changes nothing', perLevel, 1)
    .addOption(fitOption())
    .action((model, direction, images, flags) =>
      show(flags, (context) => applyAttribute(model, direction, images, flags, context)),
    );

  modelOptions(command('score', 'whether pictures are of the kind that the model was trained on'))
    .argument('<images...>', 'pictures, or folders of them')
    .option('--draws <n>', 'dequantisation draws to average over', integer(1, 10_000), 8)
    .option('--seed <n>', 'seed of the draws', integer(0), 0)
    .addOption(fitOption())
    .action((model, images, flags) => show(flags, (context) => score(model, images, flags, context)));

  return program;
}

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { decode, encode, interpolate, sample, score } from './commands.js';
import { info } from './info.js';
import type { Report } from './report.js';

export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * The command `glow`. Results go to stdout, an error is one line on stderr.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage.
 */
export async function main(argv: readonly string[], version: string, terminal: Terminal): Promise<number> {
  const program = buildProgram(version, terminal);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = error instanceof Error ? error.message : String(error);
    terminal.stderr.write(`glow: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    return 1;
  }
}

function buildProgram(version: string, terminal: Terminal): Command {
  const program = new Command('glow')
    .description('Encode, decode, sample and score pictures with a Glow model folder.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  const command = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<model>', 'model folder, as glow-export writes it')
      .option('--json', 'print JSON', false);
  /** Prints what a command reports, in the form asked for. */
  const show = async (report: Promise<Report>, { json }: { json: boolean }) => {
    const { text, json: value } = await report;
    terminal.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
  };

  command('info', 'describe a model folder and verify its files').action((model, flags) =>
    show(info(model), flags),
  );

  modelOptions(command('encode', 'turn pictures into latents'))
    .argument('<images...>', 'pictures (PNG, JPEG, WebP) of one size')
    .requiredOption('--out <file>', 'latents to write (safetensors)')
    .addOption(fitOption())
    .option('--force', 'overwrite', false)
    .action((model, images, flags) => show(encode(model, images, flags), flags));

  modelOptions(command('decode', 'turn latents back into pictures'))
    .argument('<latents>', 'safetensors file with z0 …')
    .requiredOption('--out <dir>', 'folder for the pictures')
    .option('--force', 'overwrite', false)
    .action((model, latents, flags) => show(decode(model, latents, flags), flags));

  modelOptions(command('sample', 'draw pictures from the model'))
    .requiredOption('--out <path>', 'one picture of all (FILE.png), or a folder')
    .option('--count <n>', 'pictures', integer(1), 16)
    .option('--temperature <t>', 'factor on the latents; 0.7 to 0.9 is calmer', number, 1)
    .option('--seed <n>', 'seed', integer(0), 0)
    .option('--height <n>', 'height in pixels (default: as trained)', integer(1))
    .option('--width <n>', 'width in pixels (default: as trained)', integer(1))
    .option('--columns <n>', 'columns of FILE.png (default: about square)', integer(1))
    .option('--scale <n>', 'enlargement in FILE.png (default: to about 128 pixels)', integer(1))
    .option('--force', 'overwrite', false)
    .action((model, flags) => show(sample(model, flags), flags));

  modelOptions(command('interpolate', 'draw the way from one picture to another'))
    .argument('<a>', 'first picture')
    .argument('<b>', 'last picture')
    .requiredOption('--out <file>', 'strip to write (PNG)')
    .option('--steps <n>', 'pictures, both ends included', integer(2), 8)
    .addOption(new Option('--mode <mode>', 'path').choices(['linear', 'spherical']).default('linear'))
    .option('--scale <n>', 'enlargement (default: to about 128 pixels)', integer(1))
    .addOption(fitOption())
    .option('--force', 'overwrite', false)
    .action((model, a, b, flags) => show(interpolate(model, a, b, flags), flags));

  modelOptions(command('score', 'bits per dimension of pictures: lower is likelier'))
    .argument('<images...>', 'pictures (PNG, JPEG, WebP)')
    .option('--draws <n>', 'dequantisation draws to average over', integer(1), 8)
    .option('--seed <n>', 'seed of the draws', integer(0), 0)
    .addOption(fitOption())
    .action((model, images, flags) => show(score(model, images, flags), flags));

  return program;
}

function modelOptions<C extends Command>(command: C): C {
  command
    .addOption(
      new Option('--device <device>', 'where to run')
        .choices(['auto', 'cpu', 'webgpu', 'cuda'])
        .default('auto'),
    )
    .option('--label <n>', 'class, for class-conditional models', integer(0));
  return command;
}

function fitOption(): Option {
  const description = 'for sizes that the model cannot take (default: an error)';
  return new Option('--fit <how>', description).choices(['resize', 'crop', 'pad']);
}

function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be an integer from ${least} on.`);
  };
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

import { version } from '@glow-onnx/runtime/internal';
import { glow, onTerminal, runCommand, runProgram } from '@glow-onnx/runtime/internal-node';
import { Command } from 'commander';
import { commands } from './commands.js';

const program = 'glow-onnx';

/** Runs the command `glow-onnx` as this process, and sets the exit code. Only the package of the command is loaded. */
export async function glowOnnx(argv: readonly string[]): Promise<void> {
  const [name = '', ...rest] = argv;
  if (name === 'help' && rest.length > 0) return glowOnnx([...rest, '--help']);
  switch (commands.find((command) => command.name === name)?.of) {
    case 'trainer':
      return glowTrainer(name, rest);
    case 'exporter':
      return (await import('@glow-onnx/exporter/internal')).glowExport(program, argv);
    case 'runtime':
      return glow(program, argv);
    case 'serve':
      return (await import('@glow-onnx/serve/internal')).glowServe(`${program} ${name}`, rest);
    case 'glow-onnx': {
      const { share } = await import('./share/share.js');
      return runCommand(program, argv, (args, terminal, signal) => share(program, args, terminal, signal));
    }
    default:
      return runCommand(program, argv, (args, terminal) => {
        const overview = onTerminal(new Command(program), terminal)
          .description('Train, export, run and share Glow image models.')
          .version(version);
        for (const { name, description, group } of commands) {
          overview.addCommand(new Command(name).description(description).helpGroup(`${group}:`));
        }
        overview.addHelpCommand(
          new Command('help')
            .argument('[command]')
            .description('show the help of a command')
            .helpGroup('Look into it:'),
        );
        overview.addHelpText('after', `\nEach command has its own help: ${program} <command> --help`);
        return runProgram(overview, args.length === 0 ? ['--help'] : args, terminal);
      });
  }
}

async function glowTrainer(name: string, argv: readonly string[]): Promise<void> {
  const { glowCompare, glowEvaluate, glowTrain } = await import('@glow-onnx/trainer/internal');
  const run = { compare: glowCompare, evaluate: glowEvaluate }[name] ?? glowTrain;
  await run(`${program} ${name}`, argv);
}

import { startAhead } from '../node/process-worker.js';

/**
 * Runs the commands of this package as this process, and sets the exit code.
 * @param program the name under which users call them, for help and messages.
 */
export async function glow(program: string, argv: readonly string[]): Promise<void> {
  // The process of the model starts while this one imports its modules.
  const [command = '', ...rest] = argv;
  if (
    !/^(-|info$|files$|doctor$|help$|$)/.test(command) &&
    !rest.some((flag) => /^(-h|--help)$/.test(flag))
  ) {
    startAhead();
  }
  const { runCommand } = await import('./run-command.js');
  const { main } = await import('./main.js');
  const { version } = await import('../version.js');
  await runCommand(program, argv, (args, terminal, signal) => main(args, version, terminal, signal, program));
}

import { version } from '@glow-onnx/runtime/internal';
import { runCommand } from '@glow-onnx/runtime/internal-node';
import { main } from './main.js';

/**
 * Runs the command of this package as this process, and sets the exit code. The first signal saves after the current
 * step and ends training.
 * @param program the name under which users call it, for help and messages.
 */
export async function glowTrain(program: string, argv: readonly string[]): Promise<void> {
  await runCommand(
    program,
    argv,
    (args, terminal, signal) => main(args, version, terminal, signal, program),
    'files',
  );
}

import { runCommand } from '@glow-onnx/runtime/internal-node';
import { main } from './main.js';

/**
 * Runs the command of this package as this process, and sets the exit code.
 * @param program the name under which users call it, for help and messages.
 */
export async function glowServe(program: string, argv: readonly string[]): Promise<void> {
  await runCommand(program, argv, (args, terminal, signal) => main(program, args, terminal, signal));
}

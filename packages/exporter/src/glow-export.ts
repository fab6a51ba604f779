import { exitCodeOf, runCommand } from '@glow-onnx/runtime/internal-node';
import { main } from './main.js';
import { producer } from './producer.js';

/**
 * Runs the commands of this package as this process, and sets the exit code.
 * @param program the name under which users call them, for help and messages.
 */
export async function glowExport(program: string, argv: readonly string[]): Promise<void> {
  await runCommand(program, argv, (args, terminal, signal) => {
    // An export has nothing to save. Its exit handlers remove the files that it has written.
    signal.addEventListener('abort', () => {
      terminal.stderr.write(`${program}: interrupted\n`);
      process.exit(exitCodeOf(signal));
    });
    return main(args, producer.version, terminal, program);
  });
}

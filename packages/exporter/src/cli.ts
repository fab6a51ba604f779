import { exitCodeOf, runCommand } from '@glow-onnx/runtime/internal-node';
import { main } from './main.js';
import { producer } from './producer.js';

await runCommand('glow-export', (argv, terminal, signal) => {
  // An export has nothing to save. Its exit handlers remove the files that it has written.
  signal.addEventListener('abort', () => {
    terminal.stderr.write('glow-export: interrupted\n');
    process.exit(exitCodeOf(signal));
  });
  return main(argv, producer.version, terminal);
});

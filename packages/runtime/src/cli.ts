import { main } from './cli/main.js';
import { runCommand } from './cli/run-command.js';
import { version } from './version.js';

await runCommand('glow', (argv, terminal, signal) => main(argv, version, terminal, signal));

import { startAhead } from './node/process-worker.js';

// The process of the model starts while this one imports its modules.
const [command = '', ...rest] = process.argv.slice(2);
if (!/^(-|info$|doctor$|help$|$)/.test(command) && !rest.some((flag) => /^(-h|--help)$/.test(flag))) {
  startAhead();
}

const { runCommand } = await import('./cli/run-command.js');
const { main } = await import('./cli/main.js');
const { version } = await import('./version.js');
await runCommand('glow', (argv, terminal, signal) => main(argv, version, terminal, signal));

import { startAhead } from './node/process-worker.js';

const argv = process.argv.slice(2);
// The process of the model starts while this one imports its modules.
const [command = '', ...rest] = argv;
if (!/^(-|info$|doctor$|help$|$)/.test(command) && !rest.some((flag) => /^(-h|--help)$/.test(flag)))
  startAhead();

// The first Ctrl-C stops the command in order. A second Ctrl-C is not handled and ends it at once.
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
const { main } = await import('./cli/main.js');
const { version } = await import('./version.js');
process.exitCode = await main(argv, version, process, interrupt.signal);

import { main } from './cli/main.js';
import { version } from './version.js';

// The first Ctrl-C ends the command between two batches. A second Ctrl-C is not handled and ends it at once.
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.exitCode = await main(process.argv.slice(2), version, process, interrupt.signal);

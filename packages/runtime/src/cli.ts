import { readFileSync } from 'node:fs';
import { main } from './cli/main.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
// The first Ctrl-C ends the command between batches; a second one, unhandled, at once.
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.exitCode = await main(process.argv.slice(2), version, process, interrupt.signal);

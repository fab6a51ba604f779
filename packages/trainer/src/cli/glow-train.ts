import { readFileSync } from 'node:fs';
import { main } from './main.js';

// The first signal saves after the current step and ends training. The second ends it at once.
const interrupt = new AbortController();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(code);
    interrupt.abort();
  });
}
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
process.exitCode = await main(process.argv.slice(2), version, process, interrupt.signal);

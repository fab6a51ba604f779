import { main } from './main.js';
import { producer } from './producer.js';

// An interrupted export exits, and its exit handler removes the files that it has written.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}
process.exitCode = await main(process.argv.slice(2), producer.version, process);

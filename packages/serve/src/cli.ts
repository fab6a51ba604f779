import { glowServe } from './cli/glow-serve.js';

await glowServe('glow-serve', process.argv.slice(2));

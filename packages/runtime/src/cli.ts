import { glow } from './cli/glow.js';

await glow('glow', process.argv.slice(2));

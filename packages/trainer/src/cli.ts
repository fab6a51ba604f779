import { glowTrain } from './cli/glow-train.js';

await glowTrain('glow-train', process.argv.slice(2));

import { readFileSync } from 'node:fs';
import { runCommand } from '@glow-onnx/runtime/internal-node';
import { main } from './main.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
// The first signal saves after the current step and ends training.
await runCommand('glow-train', (argv, terminal, signal) => main(argv, version, terminal, signal), 'files');

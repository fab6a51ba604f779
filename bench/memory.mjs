// Memory and time of large things: opening a model of 44 million parameters, and encoding one large image.
//   node bench/memory.mjs [--sides 512,1000] [--parameters 44|640] [--json]
// Linux only. Each row is a process of its own. `bare` is ONNX Runtime's own session, opened by path: the least that opening takes.
// All rows run each opened graph once, on one image of 32×32.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig } from '@glow-onnx/flow';
import { machine, models, randomCheckpoint } from './models.mjs';
import { memoryReport } from './reports.mjs';

const { values } = parseArgs({
  options: {
    sides: { type: 'string', default: '512,1000' },
    parameters: { type: 'string', default: '44' },
    json: { type: 'boolean', default: false },
  },
});
const [small, large] = models;
const huge = { channels: 3, height: 32, width: 32, levels: 2, steps: 18, hiddenChannels: 4096 };
const opened = values.parameters === '640' ? { name: '640 million', config: createConfig(huge) } : large;
const parent = mkdtempSync(join(tmpdir(), 'glow-memory-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));

const folders = { small: join(parent, 'small'), opened: join(parent, 'opened') };
await exportModel(randomCheckpoint(small.config), { out: folders.small });
await exportModel(randomCheckpoint(opened.config), { out: folders.opened });
const weights = statSync(join(folders.opened, 'onnx/weights.bin')).size;

const opening = ['bare encode', 'bare both', 'encode', 'both'].map((what) => ({
  what,
  ...inProcess({ what, folder: folders.opened }),
}));
const hash = inProcess({ what: 'hash', folder: folders.opened }).seconds;
const sides = values.sides.split(',').map(Number);
const encoding = ['bare', 'bare, no arena', 'bare, no pattern', 'SDK'].flatMap((what) =>
  sides.map((side) => ({ what, side, ...inProcess({ what, side, folder: folders.small }) })),
);
const { channels, hiddenChannels } = small.config;
/** Two hidden images and one of the flow, each with a quarter of the pixels, must exist at once; and the input. */
const floor = 4 * ((2 * hiddenChannels + 4 * channels) / 4 + channels);
const result = {
  machine: machine(),
  model: opened.name,
  weights,
  opening,
  hash,
  picture: small.name,
  floor,
  encoding,
};
console.log(values.json ? JSON.stringify(result) : memoryReport(result));

/** Seconds, and bytes of memory at the peak beyond what the process had before. */
function inProcess(argument) {
  const script = fileURLToPath(new URL('memory/part.mjs', import.meta.url));
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const printed = execFileSync(process.execPath, [script, JSON.stringify(argument)], options);
  return JSON.parse(printed.trim().split('\n').at(-1));
}

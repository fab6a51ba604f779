// Opens hostile ONNX files in model folders whose hashes are right, each in a process of its own.
//   node bench/attack/graphs.mjs [--count N] [--seed S] [--only TEXT] [--root FOLDER] [--verbose]
// --count: only N cases, in an order that --seed shuffles. --only: cases whose name contains the text. --root: the checkout to attack, built, such as an older one.
// Exits with 1 if a case crashes, hangs, needs over 1 GB, or is accepted with other output than the honest graphs have.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow';
import { cases, config, honestGraphs } from './graph-cases/index.mjs';
import { inPairs, report, runChild } from './run-child.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: {
    count: { type: 'string' },
    seed: { type: 'string' },
    root: { type: 'string', default: resolve(here, '../..') },
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
  },
});

const work = mkdtempSync(join(tmpdir(), 'glow-graphs-'));
process.on('exit', () => rmSync(work, { recursive: true }));
// What a graph may try to read: files of the working directory, and one above it.
const cwd = join(work, 'cwd');
const folders = join(work, 'folders');
mkdirSync(cwd);
for (const path of ['cwd/.env', 'cwd/weights.bin', 'secret.bin']) {
  writeFileSync(join(work, path), Buffer.alloc(64, 'SECRET=0'));
}

/** Writes a model folder of version 1 with right hashes. */
function writeCase(name, { weights, ...graphs }) {
  const files = {
    'onnx/encode.onnx': graphs.encode,
    'onnx/decode.onnx': graphs.decode,
    'onnx/weights.bin': weights,
  };
  const given = Object.entries(files).filter(([, bytes]) => bytes);
  const manifest = {
    formatVersion: 1,
    producer: { name: 'attack', version: '0' },
    config,
    latents: [{ name: 'z0', channels: 4, downscale: 2 }],
    variants: {
      fp32: {
        encode: 'onnx/encode.onnx',
        decode: 'onnx/decode.onnx',
        weights: weights ? 'onnx/weights.bin' : null,
      },
    },
    files: given.map(([path, bytes]) => ({
      path,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
    training: null,
    measured: [],
  };
  for (const [path, bytes] of [...given, ['manifest.json', JSON.stringify(manifest)]]) {
    const target = join(folders, name, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  return join(folders, name);
}

async function attack(graphs) {
  const folder = writeCase(String(next++), { ...honestGraphs, ...graphs });
  const found = await runChild([join(here, 'graphs-child.mjs'), resolve(values.root), folder], { cwd });
  rmSync(folder, { recursive: true });
  return found;
}

function outcomeOf({ how, result }) {
  if (how !== 'done') return how;
  if (result.error !== undefined) return 'refused';
  return JSON.stringify(result) === JSON.stringify(honest) ? 'right' : 'other';
}

let next = 0;
const { result: honest } = await attack({});
if (!honest || honest.error) throw new Error(`the honest model does not run: ${honest?.error}`);

const random = values.seed && createRandom(Number(values.seed));
const keyed = cases
  .filter(({ name }) => name.includes(values.only))
  .map((one) => ({ one, key: random ? random.uniform() : 0 }));
const chosen = keyed.sort((a, b) => a.key - b.key).map(({ one }) => one);
const found = [];
await inPairs(chosen.slice(0, Number(values.count ?? cases.length)), async ({ name, ...graphs }) => {
  const ended = await attack(graphs);
  const outcome = outcomeOf(ended);
  const text = ended.result ? (ended.result.error ?? JSON.stringify(ended.result)) : ended.text;
  found.push({ name, outcome, text });
  if (values.verbose) console.log(`${outcome.padEnd(8)} ${name}: ${text.slice(0, 240).replaceAll(work, '')}`);
});
console.log(`${found.length} graphs`);
process.exitCode = report(found) ? 0 : 1;

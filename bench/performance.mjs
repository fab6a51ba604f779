// Measures everything that docs/performance.md states, and writes its tables from the raw results:
//
//     npm run bench -- [--only graph,training] [--python python3] [--write]
//
// An hour of a machine that does nothing else. Each benchmark is a process of its own, and its raw results are kept in
// bench/results with their date: --only measures some anew, --write none. PyTorch needs torch, numpy and a C++ compiler.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reportOf as browserReport } from './browser/report.mjs';
import {
  exportReport,
  graphReport,
  inferenceProfileReport,
  inferenceReport,
  memoryReport,
  precisionReport,
  pytorchReport,
  trainingProfileReport,
  trainingReport,
  untilReport,
} from './reports.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    write: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const node = (...argv) => [process.execPath, ...argv, '--json'];
const python = (...argv) => [values.python, ...argv, '--json'];
const training = (...argv) => node('bench/training.mjs', '--python', values.python, ...argv);

/** In the order of the document. */
const parts = {
  graph: { title: 'Exported graphs', command: node('bench/graph.mjs'), report: graphReport },
  'graph-one-thread': {
    title: 'Exported graphs, one thread',
    command: node('bench/graph.mjs', '--one-thread'),
    report: graphReport,
  },
  'graph-operators': {
    title: 'Operators of an exported graph',
    command: node('bench/inference-profile.mjs'),
    report: inferenceProfileReport,
  },
  pytorch: {
    title: 'Against PyTorch, small model',
    command: python('bench/peers/pytorch.py', '--model', 'K=8', '--train-batch', '0'),
    report: pytorchReport,
  },
  'pytorch-large': {
    title: 'Against PyTorch, large model',
    command: python('bench/peers/pytorch.py', '--model', 'K=32', '--no-compile', '--train-batch', '0'),
    report: pytorchReport,
  },
  training: {
    title: 'Training beside PyTorch',
    command: training('--rounds', '3', '--seconds', '8', '--backend', 'onnxruntime,PyTorch,torch'),
    report: trainingReport,
  },
  'training-operators': {
    title: 'Operators of a training step',
    command: node('bench/training-profile.mjs'),
    report: trainingProfileReport,
  },
  'training-operators-large': {
    title: 'Operators of a training step, large model',
    command: node('bench/training-profile.mjs', '--steps', '32', '--hidden', '512', '--batch', '16'),
    report: trainingProfileReport,
  },
  'training-until': {
    title: 'Training until a given bits/dim',
    command: training(
      '--until',
      '4',
      '--seconds',
      '90',
      '--backend',
      'onnxruntime,torch',
      '--only',
      'K=8, hidden',
    ),
    report: untilReport,
  },
  'training-backends': {
    title: 'Training on other backends',
    command: training('--seconds', '10', '--backend', 'onnxruntime,wasm,node', '--only', 'K=8, hidden'),
    report: trainingReport,
  },
  inference: {
    title: 'The SDK over a bare run',
    command: node('bench/inference.mjs', '--one-thread'),
    report: inferenceReport,
  },
  browser: { title: 'In the browser', command: node('bench/browser.mjs'), report: browserReport },
  precision: { title: 'Precision', command: node('bench/precision.mjs'), report: precisionReport },
  memory: { title: 'Memory', command: node('bench/memory.mjs'), report: memoryReport },
  export: { title: 'Export', command: node('bench/export.mjs'), report: exportReport },
};
const names = Object.keys(parts);
const chosen = values.write ? [] : (values.only?.split(',') ?? names);
const unknown = chosen.find((name) => !names.includes(name));
if (unknown !== undefined)
  throw new RangeError(`performance: --only: expected some of ${names.join(', ')}, got ${unknown}`);
const [document, command] = [join(root, 'docs/performance.md'), 'npm run bench'];
aroundPart(document, command); // says now, and not after an hour, what it lacks
const results = join(root, 'bench/results');
mkdirSync(results, { recursive: true });
const fileOf = (name) => join(results, `${name}.json`);

for (const name of chosen) {
  const [program, ...argv] = parts[name].command;
  const { status, stdout, error } = spawnSync(program, argv, {
    ...{ cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    console.error(`${name}: ${error?.message ?? `ended with ${status}`}; its results stay as they were`);
    process.exitCode = 1;
    continue;
  }
  writeFileSync(
    `${fileOf(name)}.part`,
    `${JSON.stringify(JSON.parse(stdout.trim().split('\n').at(-1)), null, 1)}\n`,
  );
  renameSync(`${fileOf(name)}.part`, fileOf(name));
  console.error(`${name}: done`);
}

const sections = names.flatMap((name) =>
  existsSync(fileOf(name))
    ? [`## ${parts[name].title}`, parts[name].report(JSON.parse(readFileSync(fileOf(name), 'utf8')))]
    : [],
);
if (sections.length > 0) writePart(document, command, sections.join('\n\n'));

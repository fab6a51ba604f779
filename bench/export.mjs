// Time and memory of `glow-export` on a model of 44 million parameters: node bench/export.mjs [--json]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { machine, models, randomCheckpoint } from './models.mjs';
import { exportReport } from './reports.mjs';

/** What an export of this size may take. */
const LIMITS = { seconds: 15, gigabytes: 1.5 };

/** Makes a process print its peak of memory in kilobytes and its processor time in microseconds, as its last line. */
const reportUsage = `data:text/javascript,${encodeURIComponent(
  "process.once('exit', () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();" +
    'console.log(maxRSS, userCPUTime + systemCPUTime); })',
)}`;

const { name, config } = models[1];
const folder = mkdtempSync(join(tmpdir(), 'glow-bench-'));
try {
  const checkpoint = join(folder, 'best.safetensors');
  writeFileSync(checkpoint, encodeCheckpoint(randomCheckpoint(config)));
  const command = ['packages/exporter/bin/glow-export.js', checkpoint, '--out', join(folder, 'model')];
  const started = performance.now();
  const output = execFileSync(process.execPath, ['--import', reportUsage, ...command], { encoding: 'utf8' });
  const seconds = (performance.now() - started) / 1000;
  const [kilobytes, microseconds] = output.trim().split('\n').at(-1).split(' ').map(Number);
  const gigabytes = kilobytes / 1e6;
  const found = { seconds, processorSeconds: microseconds / 1e6, gigabytes, limits: LIMITS };
  const result = { machine: machine(), model: name, ...found };
  const isJson = process.argv.includes('--json'); // for a program that reports what was measured, whatever it is
  console.log(isJson ? JSON.stringify(result) : exportReport(result));
  const isOver = seconds > LIMITS.seconds || gigabytes > LIMITS.gigabytes;
  if (isOver && !isJson) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

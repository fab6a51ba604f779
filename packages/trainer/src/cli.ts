#!/usr/bin/env node
import { createConfig, type PresetName } from '@glow-onnx/flow';
import { Command } from 'commander';
import { openDataset } from './data/open.js';
import type { TfjsDevice } from './device.js';
import { train } from './train.js';

const n = (v: string) => Number(v);
const program = new Command('glow-train')
  .requiredOption('--data <path>')
  .requiredOption('--out <run>')
  .option('--levels <n>', '', n)
  .option('--steps <n>', '', n)
  .option('--hidden <n>', '', n)
  .option('--bits <n>', '', n)
  .option('--batch <n>', '', n)
  .option('--epochs <n>', '', n)
  .option('--lr <x>', '', n)
  .option('--warmup <n>', '', n)
  .option('--clip <x>', '', n)
  .option('--val-fraction <x>', '', n)
  .option('--seed <n>', '', n)
  .option('--preset <name>')
  .option('--device <name>', '', 'auto')
  .option('--time-budget <min>', '', n)
  .option('--threads <n>', '', n)
  .option('--resume')
  .option('--force');
program.parse();
const o = program.opts();
const data = await openDataset(o.data);
const defined = <T extends object>(x: T) =>
  Object.fromEntries(Object.entries(x).filter(([, v]) => v !== undefined)) as Partial<T>;
const abort = new AbortController();
process.once('SIGINT', () => abort.abort());
process.once('SIGTERM', () => abort.abort());
let last = 0;
const result = await train({
  data,
  out: o.out,
  device: o.device as TfjsDevice,
  resume: o.resume,
  force: o.force,
  ...defined({ threads: o.threads, timeBudgetMinutes: o.timeBudget }),
  config: createConfig(
    {
      channels: data.channels,
      height: data.height,
      width: data.width,
      ...defined({ levels: o.levels, steps: o.steps, hiddenChannels: o.hidden, bits: o.bits }),
    },
    o.preset as PresetName,
  ),
  settings: defined({
    epochs: o.epochs,
    batch: o.batch,
    rate: o.lr,
    warmup: o.warmup,
    clip: o.clip,
    valFraction: o.valFraction,
    seed: o.seed,
  }),
  signal: abort.signal,
  onProgress(p) {
    if (Date.now() - last < 5000) return;
    last = Date.now();
    console.log(
      `${p.phase} epoch ${p.epoch} step ${p.step} ${p.bitsPerDim.toFixed(3)} bits/dim, |g| ${p.gradientNorm.toFixed(2)}, ${p.imagesPerSecond.toFixed(0)} images/s, best ${p.best.toFixed(3)}, ${(p.secondsLeft / 60).toFixed(1)} min left`,
    );
  },
});
console.log(JSON.stringify(result));

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { glowTrain } from '../../support/glow-train.js';
import { readCheckpoint, rowOfFaces, temporaryRuns } from '../../support/training.js';

const runAt = temporaryRuns();
const data = ['--data', rowOfFaces(), '--limit', '40'];
const model = ['--steps', '1', '--hidden', '8', '--bits', '5', '--batch', '8'];
const device = ['--engine', 'onnxruntime', '--device', 'cpu', '--threads', '1'];

const start = (out: string, epochs: number) => {
  const flags = [...data, ...model, ...device, '--epochs', String(epochs), '--out', out];
  return spawn(process.execPath, ['packages/trainer/bin/glow-train.js', ...flags]);
};

test('training goes on to its end where nobody reads its output any more', async () => {
  const out = runAt('unread');
  const training = start(out, 3);
  await once(training.stderr, 'data');
  training.stdout.destroy();
  training.stderr.destroy();
  expect(await once(training, 'exit')).toEqual([0, null]);
  expect((await readCheckpoint(out, 'last')).progress?.step).toBe(12);
  expect(await readdir(out)).not.toContain('run.lock');
});

const whereSignals = process.platform === 'win32' ? test.skip : test;

whereSignals('training whose terminal is closed saves, and goes on later', async () => {
  const out = runAt('closed');
  const training = start(out, 1000);
  let said = '';
  for await (const text of training.stderr) {
    said += text;
    if (said.includes('steps per epoch')) break; // which also closes the pipe, as a terminal would
  }
  training.kill('SIGHUP');
  expect(await once(training, 'exit')).toEqual([129, null]);
  expect(await readdir(out)).not.toContain('run.lock');
  const { progress } = await readCheckpoint(out, 'last');
  const epochs = Math.floor(Number(progress?.step) / 4) + 1;
  const resumed = await glowTrain(...data, ...device, '--resume', '--out', out, '--epochs', String(epochs));
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('all epochs done') });
});

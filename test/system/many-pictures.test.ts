import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type GlowModel, loadGlow } from '@glow-onnx/runtime/node';
import { npm } from '../support/installed-app.js';
import { redis } from '../support/machine.js';
import {
  expectAll,
  logProbsOf,
  type Row,
  resultsOf,
  rowsIn,
  writeManyPictures,
} from '../support/many-pictures.js';
import { describeNeeding } from '../support/needing.js';
import { endProcesses, type Started, startProcess } from '../support/start-process.js';

/** 2,000 pictures that several processes score, of which one is killed. */
const root = resolve(__dirname, '../..');
const model = join(root, 'models/pixel-faces');
const work = mkdtempSync(join(tmpdir(), 'glow-many-'));
jest.setTimeout(300_000);
const pictures = join(work, 'pictures');

let glow: GlowModel;
let names: string[];
beforeAll(async () => {
  names = await writeManyPictures(pictures);
  glow = await loadGlow(model, { device: 'cpu' });
});
afterAll(async () => {
  await glow.dispose();
  await endProcesses();
  rmSync(work, { recursive: true });
});

interface Scored extends Row {
  readonly logProb?: number;
  readonly bitsPerDim?: number;
}

const inFolder = (folder: string) => names.map((name) => join(folder, name));

test('glow score --shard: a part of a killed process is not there, and --resume adds it', async () => {
  const out = join(work, 'shards');
  mkdirSync(out);
  const score = (shard: number) =>
    startProcess(process.execPath, [
      ...[join(root, 'packages/runtime/bin/glow.js'), 'score', model, pictures, '--draws', '1', '--resume'],
      ...['--shard', `${shard}/4`, '--out', join(out, `part-${shard}.jsonl`)],
    ]);
  const [killed, ...others] = [1, 2, 3, 4].map(score);
  await setTimeout(100);
  killed?.process.kill('SIGKILL');
  await Promise.all([killed?.ended, ...others.map(({ ended }) => ended)]);
  expect(readdirSync(out)).toEqual(['part-2.jsonl', 'part-3.jsonl', 'part-4.jsonl']);
  for (const shard of [1, 2]) {
    const { code, out: said } = await score(shard).ended;
    expect(code).toBe(0);
    expect(said).toContain(shard === 1 ? 'wrote' : 'kept');
  }
  const values = await resultsOf(glow.bitsPerDim(inFolder(pictures), { draws: 1 }));
  expectAll(rowsIn<Scored>(out), ({ bitsPerDim }) => bitsPerDim, values);
});

describeNeeding(redis)('examples/queue', () => {
  const app = join(work, 'app');
  let port: number;
  beforeAll(async () => {
    cpSync(join(root, 'examples/queue'), app, { recursive: true });
    writeFileSync(join(app, 'package.json'), '{ "private": true }');
    npm(app, 'install', '--ignore-scripts', 'bullmq@6', 'ioredis@6');
    symlinkSync(join(root, 'node_modules/@glow-onnx'), join(app, 'node_modules/@glow-onnx'));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
    await new Promise((closed) => server.close(closed));
    const memoryOnly = ['--dir', work, '--save', ''];
    startProcess('redis-server', ['--bind', '127.0.0.1', '--port', String(port), ...memoryOnly]);
  });

  const queue = (...args: string[]) =>
    startProcess(process.execPath, [join(app, 'score.mjs'), ...args, '--redis', `redis://127.0.0.1:${port}`]);
  const ready = (worker: Started) => once(worker.process.stdout as never, 'data');
  const parts = (out: string) => readdirSync(out).filter((name) => name.endsWith('.jsonl')).length;

  test('a worker is killed and all are stopped: the job goes on, and each picture has its row', async () => {
    const out = join(work, 'queue');
    const filled = await queue('fill', pictures, out, '--shard-size', '100').ended;
    expect(filled).toMatchObject({ code: 0, out: '2000 pictures in 20 shards, of which 20 wait\n' });
    const [killed, stopped] = [queue('work', model, out), queue('work', model, out)];
    await Promise.all([ready(killed), ready(stopped)]);
    while (parts(out) < 2) await setTimeout(20);
    killed.process.kill('SIGKILL');
    stopped.process.kill('SIGTERM');
    expect((await stopped.ended).code).toBe(0);
    expect(parts(out)).toBeLessThan(20);

    expect((await queue('fill', pictures, out, '--shard-size', '100').ended).code).toBe(0);
    const last = queue('work', model, out);
    const { code, out: said } = await queue('watch', out).ended;
    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringMatching(/bad: 00007\.png: .*\n2000 of 2000 pictures, 3 bad\n$/s),
    });
    last.process.kill('SIGTERM');
    expect((await last.ended).code).toBe(0);

    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const logProbs = await logProbsOf(glow, inFolder(pictures));
    expectAll(rowsIn<Scored>(out), ({ logProb }) => logProb, logProbs);
  });

  test('other pictures are not mixed into a job, and a wrong command is explained', async () => {
    const out = join(work, 'queue');
    expect((await queue('fill', pictures, out, '--shard-size', '50').ended).code).toBe(1);
    expect((await queue('fil', pictures, out).ended).code).toBe(2);
    expect((await queue('watch', join(work, 'none')).ended).code).toBe(1);
  });
});

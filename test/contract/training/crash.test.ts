import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRun } from '../../../packages/trainer/src/folder/read-run.js';
import { reopenRunFolder } from '../../../packages/trainer/src/folder/run-folder.js';
import { readCheckpoint, readMetrics, temporaryRuns } from '../../support/training.js';

const runAt = temporaryRuns();

/** Runs a script of this folder as a process of its own. */
const run = (script: string, ...argv: string[]) =>
  spawned(process.execPath, [join(__dirname, script), ...argv]);

async function spawned(command: string, argv: readonly string[]) {
  const child = spawn(command, argv);
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    written.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    written.stderr += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, ...written };
}

const finished = { code: 0, signal: null, stderr: '' };

/** All numbers of a checkpoint: its bytes without the header, which holds the seconds spent. */
async function numbersOf(out: string, name: string): Promise<Buffer> {
  const file = await readFile(join(out, `${name}.safetensors`));
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}

describe.each([
  ['onnxruntime', 'cpu'],
  ['tfjs', 'cpu'],
  ['tfjs', 'wasm'],
])('with %s on %s', (engine, device) => {
  test('20 steps are, bit for bit, 13 steps, a kill and the rest from the checkpoint of step 10', async () => {
    const [straight, broken] = ['straight', 'broken'].map((name) => runAt(`${name} ${engine} ${device}`));
    const [whole, killed] = await Promise.all([
      run('killed-training.mjs', straight, engine, device, 'new'),
      run('killed-training.mjs', broken, engine, device, 'new', '13'),
    ]);
    expect(whole).toMatchObject(finished);
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect((await readCheckpoint(broken, 'last')).progress?.step).toBe(10);
    expect(await run('killed-training.mjs', broken, engine, device, 'resume')).toMatchObject(finished);

    for (const name of ['last', 'best']) {
      expect((await numbersOf(broken, name)).equals(await numbersOf(straight, name))).toBe(true);
    }
    const losses = async (out: string) =>
      (await readMetrics(out)).map(({ step, bitsPerDim, validationBitsPerDim }) => ({
        step,
        bitsPerDim,
        validationBitsPerDim,
      }));
    expect(await losses(broken)).toEqual(await losses(straight));
  });
});

const whereShell = process.platform === 'win32' ? test.skip : test;

whereShell('a checkpoint that the disk does not take is an error, and nothing of it is left', async () => {
  const out = runAt('limited');
  const script = join(__dirname, 'killed-writing.mjs');
  // In blocks of 1024 bytes: less than the checkpoint has.
  const { code, stdout, stderr } = await spawned('bash', ['-c', `ulimit -f 8; exec node ${script} ${out} 0`]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('best.safetensors cannot be written: the file is larger than allowed (EFBIG)');
  expect((await readdir(out)).sort()).toEqual(['metrics.jsonl', 'run.lock']);
});

test('a kill at any stage of saving loses nothing that was saved', async () => {
  const whole = await run('killed-writing.mjs', runAt('whole'), '0');
  expect(whole).toMatchObject(finished);
  const stages = Number(/stages (\d+)/.exec(whole.stdout)?.[1]);
  expect(stages).toBeGreaterThan(40);

  const survive = async (stage: number): Promise<void> => {
    const out = runAt(`stage ${stage}`);
    const { signal, stdout } = await run('killed-writing.mjs', out, String(stage));
    expect(signal).toBe('SIGKILL');
    const saved = [...stdout.matchAll(/saved (\d)/g)].length;
    if (!existsSync(out)) return; // killed before there was a folder
    if (existsSync(join(out, 'best.safetensors'))) await readCheckpoint(out, 'best');
    if (saved === 0 && !(await readdir(out)).includes('last.safetensors')) return;
    const { checkpoint } = await readRun(out);
    expect(checkpoint.progress?.step).toBeGreaterThanOrEqual(saved);
    // The dead process's lock does not count, and the run goes on.
    const { folder } = await reopenRunFolder(out);
    await folder.cutBack(Number(checkpoint.progress?.step));
    await folder.saveLast(checkpoint);
    await folder.close();
    const left = (await readdir(out)).filter(
      (name) => !/^(best|last|previous|metrics)\.(safetensors|jsonl)$/.test(name),
    );
    expect(left).toEqual([]);
    expect((await readMetrics(out)).length).toBeGreaterThanOrEqual(saved);
  };
  for (let stage = 1; stage <= stages; stage += 4) {
    const next = [0, 1, 2, 3].map((more) => stage + more).filter((each) => each <= stages);
    await Promise.all(next.map(survive));
  }
}, 120_000);

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openMpi } from '../support/machine.js';
import { describeNeeding } from '../support/needing.js';
import { endProcesses, type Started, startProcess, until } from '../support/start-process.js';

/** Trainings by mpirun, on ranks that are processes of this machine. */
const root = resolve(__dirname, '../..');
const command = join(root, 'packages/trainer/bin/glow-train.js');
const work = mkdtempSync(join(tmpdir(), 'glow-ranks-'));
const at = (name: string) => join(work, name);
afterAll(async () => {
  await endProcesses();
  rmSync(work, { recursive: true, maxRetries: 5 });
});
jest.setTimeout(600_000);

const model = ['--levels', '1', '--steps', '1', '--hidden', '8'];
const data = ['--data', join(root, 'models/pixel-faces/faces.png'), '--limit', '1000'];
const settings = ['--epochs', '6', '--batch', '16', '--seed', '3', '--val-fraction', '0.2', ...model];

/** Two ranks. Each writes its process id to a file; `$OMPI_COMM_WORLD_RANK` in an argument is its rank. */
function onRanks(...args: string[]): Started {
  const script = `echo $$ > '${work}'/pid.$OMPI_COMM_WORLD_RANK; exec "$0" "$1" ${args.map((arg) => `"${arg}"`).join(' ')}`;
  const launch = ['--allow-run-as-root', '--oversubscribe', '-n', '2', 'sh', '-c', script];
  return startProcess('mpirun', [...launch, process.execPath, command]);
}

/** The validations that a run has logged. */
const validations = (run: string): number =>
  existsSync(join(run, 'metrics.jsonl'))
    ? readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('validationBitsPerDim').length - 1
    : 0;

/** All numbers of a checkpoint, without its metadata, which tell the time. */
function tensorsOf(run: string, name: string): Buffer {
  const bytes = readFileSync(join(run, `${name}.safetensors`));
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
}

function stepsOf(run: string): number {
  const bytes = readFileSync(join(run, 'last.safetensors'));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  return JSON.parse(header.__metadata__.progress).step;
}

describeNeeding(openMpi)('training on two ranks', () => {
  const run = at('run');
  const whole = at('whole');

  test('SIGUSR2 to mpirun saves, and ends with 130', async () => {
    const started = onRanks('--ranks', 'mpi', '--out', run, ...data, ...settings);
    await until(() => validations(run) > 1, started);
    started.process.kill('SIGUSR2');
    const { code, err } = await started.ended;
    expect({ code, err }).toEqual({
      code: 130,
      err: expect.stringContaining('ONNX Runtime on cpu, 2 ranks'),
    });
    expect(stepsOf(run)).toBeGreaterThan(0);
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
  });

  test('a rank that is killed ends the run with an error within 10 s', async () => {
    const before = validations(run);
    const started = onRanks('--ranks', 'mpi', '--out', run, '--resume', ...data);
    await until(() => validations(run) > before, started);
    const killed = performance.now();
    process.kill(Number(readFileSync(at('pid.1'), 'utf8')), 'SIGKILL');
    const { code, err } = await started.ended;
    // What docs/many-machines.md promises. 2.3 s were measured on a busy machine.
    expect(performance.now() - killed).toBeLessThan(10_000);
    expect(code).not.toBe(0);
    expect(err).toContain('exited on signal 9');
  });

  test('the run that was stopped and killed ends with the numbers of one process, to the bit', async () => {
    const { ended } = onRanks('--ranks', 'mpi', '--out', run, '--resume', ...data);
    const alone = startProcess(process.execPath, [
      ...[command, '--out', whole, '--accumulate', '2', '--threads', '1'],
      ...[...data, ...settings],
    ]);
    expect([(await ended).code, (await alone.ended).code]).toEqual([0, 0]);
    expect(stepsOf(run)).toBe(6 * 50);
    for (const name of ['best', 'last', 'previous']) {
      expect(tensorsOf(run, name).equals(tensorsOf(whole, name))).toBe(true);
    }
  });

  test('an error of one rank ends all, and names the rank', async () => {
    const { code, err } = await onRanks(
      ...['--ranks', 'mpi', '--out', at('seeds'), '--seed', '$OMPI_COMM_WORLD_RANK', ...data, ...model],
    ).ended;
    expect(code).toBe(1);
    expect(err).toMatch(
      /glow-train: rank \d: .*the settings of rank \d is not the same as that of every other rank/,
    );
  });
});

describe('without Open MPI', () => {
  const noKoffi = at('no-koffi.cjs');
  mkdirSync(work, { recursive: true });
  writeFileSync(
    noKoffi,
    `const { Module } = require('node:module');
const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => resolve(name === 'koffi' ? 'koffi-is-missing' : name, ...rest);`,
  );
  const mpirun = { OMPI_COMM_WORLD_SIZE: '2' };
  test.each([
    [
      'mpirun',
      {},
      "needs Open MPI's mpirun, but this process was started without it; put mpirun -n 2 before it",
    ],
    ['mpirun of Open MPI', { PMI_RANK: '0' }, 'was started by that of another MPI, such as MPICH'],
    [
      'koffi',
      { ...mpirun, NODE_OPTIONS: `${process.env.NODE_OPTIONS} --require ${noKoffi}` },
      'the package koffi, which calls Open MPI, is not installed',
    ],
    ['its library', { ...mpirun, GLOW_MPI: at('libmpi.so.40') }, `${at('libmpi.so.40')}, cannot be loaded`],
    [
      'a library of Open MPI',
      { ...mpirun, GLOW_MPI: 'libm.so.6' },
      'libm.so.6 is not the library of Open MPI',
    ],
  ])('%s that is missing is named', async (_, env, message) => {
    const args = [command, '--ranks', 'mpi', '--out', at('nothing'), ...data, ...model];
    const { code, err } = await startProcess(process.execPath, args, env).ended;
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
    expect(existsSync(at('nothing'))).toBe(false);
  });
});

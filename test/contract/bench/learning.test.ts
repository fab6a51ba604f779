import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';

const script = join(__dirname, '../../../bench/ablation.mjs');
let root = '';
const at = (...names: string[]) => join(root, ...names);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'learning-'));
  await writeFile(at('images'), idxOfNoise(64));
  await writeFile(at('many'), idxOfNoise(4000));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Images of 28×28 as an IDX file. */
function idxOfNoise(count: number): Uint8Array {
  const random = createRandom(1);
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, count, 28, 28].entries()) header.writeUInt32BE(value, 4 * i);
  return Buffer.concat([header, Uint8Array.from({ length: count * 784 }, () => random.below(64))]);
}

function suite(results: string, args: readonly string[]) {
  const flags = ['--data', at('images'), '--out', at(`runs-${results}`), '--results', at(results)];
  const child = spawn(process.execPath, [script, '--suite', 'learning', ...flags, ...args]);
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    texts.stdout += text;
  });
  child.stderr.on('data', (text) => {
    texts.stderr += text;
  });
  /** Until it has said this. */
  const said = (what: string) =>
    new Promise<void>((resolve) => {
      child.stderr.on('data', () => {
        if (texts.stderr.includes(what)) resolve();
      });
    });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, ...texts }));
  });
  return { child, said, ended };
}

const smallest = ['--steps', '1', '--hidden', '4', '--held-out', '8'];

const linesOf = async (results: string) =>
  (await readFile(at(results), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a trial that is stopped midway goes on there and ends as one that was not', async () => {
  const sizes = [...smallest, '--screening', '0.1', '--stage', 'screening'];
  const tiny = [...sizes, '--only', 'baseline', '--rates', '0.002'];
  const first = suite('stopped', [...sizes, '--stage', 'both', '--rates', '0.002']);
  await first.said('from step');
  first.child.kill('SIGTERM');
  const { code, stderr } = await first.ended;
  expect({ code, stderr }).toEqual({ code: 130, stderr: expect.not.stringContaining('Error') });
  expect(existsSync(at('stopped'))).toBe(false);

  const wider = await suite('stopped', [...tiny, '--hidden', '8']).ended;
  expect(wider).toMatchObject({ code: 1, stderr: expect.stringContaining('was begun as another trial') });
  expect(await suite('stopped', tiny).ended).toMatchObject({ code: 0 });
  expect(await suite('straight', tiny).ended).toMatchObject({ code: 0 });
  const [stopped, straight] = [await linesOf('stopped'), await linesOf('straight')];
  expect(stopped).toMatchObject([{ name: 'baseline', rate: 0.002, seed: 1, minutes: 0.1 }]);
  const found = ({ bitsPerDim, trainingBitsPerDim, steps }: Record<string, number>) =>
    [bitsPerDim, trainingBitsPerDim, steps] as const;
  expect(stopped.map(found)).toEqual(straight.map(found));

  const again = await suite('stopped', tiny).ended;
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(await linesOf('stopped')).toEqual(stopped);
}, 120_000);

/** One trial of one step, whose score takes a second or so. */
const scored = [
  ...['--steps', '1', '--hidden', '4', '--held-out', '3900', '--screening', '0.0001', '--stage', 'screening'],
  ...['--only', 'baseline', '--rates', '0.002'],
];
const many = () => ['--data', at('many')];

test('a trial that is told to stop while it is scored is kept', async () => {
  const stopped = suite('scored', [...scored, ...many()]);
  await stopped.said('scores 3900');
  stopped.child.kill('SIGINT');
  expect(await stopped.ended).toMatchObject({ code: 130, stdout: '' });
  expect(await linesOf('scored')).toMatchObject([{ name: 'baseline', bitsPerDim: expect.any(Number) }]);
}, 120_000);

test('a result that a killed command left is appended once, if it is of the same trial', async () => {
  const killed = suite('left', [...scored, ...many()]);
  await killed.said('scores 3900');
  killed.child.kill('SIGKILL');
  await killed.ended; // the trial too: it holds the end of stderr
  expect(existsSync(at('left'))).toBe(false);
  const file = at('runs-left', 'baseline-0.002-1-0.0001', 'result.json');
  const text = await readFile(file, 'utf8');

  const wider = await suite('left', [...scored, ...many(), '--hidden', '8', '--results', at('wider')]).ended;
  expect(wider).toMatchObject({ code: 0, stderr: expect.stringContaining('from step 0') });
  expect(existsSync(file)).toBe(false);
  await writeFile(file, text);
  const fewer = await suite('left', [...scored, ...many(), '--held-out', '8', '--results', at('fewer')])
    .ended;
  expect(fewer).toMatchObject({ code: 0, stderr: expect.stringContaining('from step 0') });

  await writeFile(file, text);
  const again = await suite('left', [...scored, ...many()]).ended;
  expect(again).toMatchObject({ code: 0, stderr: expect.not.stringContaining('from step') });
  const lines = await linesOf('left');
  const { task, ...result } = JSON.parse(text);
  expect(lines).toEqual([
    { name: 'baseline', rate: 0.002, seed: 1, minutes: 0.0001, ...result, trial: task.trial },
  ]);
  expect(lines[0].parameters).toBeLessThan((await linesOf('wider'))[0].parameters);
  expect(existsSync(file)).toBe(false);

  await writeFile(file, text); // killed after it appended the line
  expect(await suite('left', [...scored, ...many()]).ended).toMatchObject({ code: 0, stderr: '' });
  expect(await linesOf('left')).toEqual(lines);
}, 120_000);

test('with variational dequantisation a trial is judged by the uniform bound, and has its own beside it', async () => {
  const tiny = [...smallest, '--screening', '0.01', '--stage', 'screening'];
  const only = ['--only', 'baseline,variational dequantisation', '--rates', '0.002'];
  expect(await suite('varied', [...tiny, ...only]).ended).toMatchObject({ code: 0 });
  const [plain, varied] = await linesOf('varied');
  expect([plain.name, varied.name]).toEqual(['baseline', 'variational dequantisation']);
  expect(plain).not.toHaveProperty('variationalBitsPerDim');
  expect(Number.isFinite(varied.variationalBitsPerDim)).toBe(true);
  const lines = [plain, { ...varied, bitsPerDim: 4.5, variationalBitsPerDim: 1.25, minutes: 10 }];
  await writeFile(at('varied-made-up'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const { stdout } = await suite('varied-made-up', ['--steps', '1', '--hidden', '4', '--report']).ended;
  expect(stdout).toContain('| variational dequantisation | 4.500 | – | – | 4.500 | – | – | 1.250 |');

  const final = (seed: number, variationalBitsPerDim?: number | null) => {
    const result = { ...lines[1], seed, minutes: 30, variationalBitsPerDim };
    return JSON.stringify(result);
  };
  const report = async (...results: string[]) => {
    await writeFile(at('varied-made-up'), results.join('\n'));
    return (await suite('varied-made-up', ['--steps', '1', '--hidden', '4', '--report']).ended).stdout;
  };
  const mean = '| variational dequantisation | 4.500 | – | 4.500, 4.500 |';
  expect(await report(final(1, 1.25), final(2, 1.75))).toContain(`${mean} 1.500 |`);
  expect(await report(final(1, 1.25), final(2, null))).toContain(`${mean} Infinity |`);
  expect(await report(final(1, 1.25), final(2))).toContain(`${mean} – |`);
  expect(await report(JSON.stringify({ ...lines[1], variationalBitsPerDim: null }))).toContain(
    '| variational dequantisation | 4.500 | – | – | 4.500 | – | – | Infinity |',
  );
}, 120_000);

test('tables are those of the results: best rates first, differences to the baseline seed by seed', async () => {
  const [first] = await linesOf('straight');
  const line = (name: string, rate: number, seed: number, minutes: number, bitsPerDim: number) =>
    JSON.stringify({ ...first, name, rate, seed, minutes, bitsPerDim });
  await writeFile(
    at('made-up'),
    [
      ...[line('baseline', 0.002, 1, 10, 3.5), line('baseline', 0.004, 1, 10, 3.25)],
      line('baseline', 0.002, 1, 30, 3),
      line('baseline', 0.002, 2, 30, 3.25),
    ].join('\n'),
  );
  const { stdout } = await suite('made-up', ['--steps', '1', '--hidden', '4', '--report']).ended;
  // The trials of another rate have another definition than the line says: they are left out.
  expect(stdout).toContain('| baseline | 3.500 | 0.000 | – | 3.500 | – | – | – |');
  expect(stdout).toContain('| baseline | 3.125 | 0.000 | 3.000, 3.250 | – |');
});

test('a trial that went astray is last, and does not break the tables', async () => {
  const [first] = await linesOf('straight');
  const { stdout: fine } = await suite('straight', [...smallest, '--report', '--screening', '0.1']).ended;
  const { trial } = first;
  const muon = { ...trial, learning: { ...trial.learning, optimizer: 'muon' } };
  const lines = [first, { ...first, name: 'muon', trial: muon, bitsPerDim: null }];
  await writeFile(at('astray'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const { code, stdout } = await suite('astray', [...smallest, '--report', '--screening', '0.1']).ended;
  const rows = (text: string) => text.split('\n').filter((line) => /^\| (baseline|muon)/.test(line));
  expect([code, rows(stdout)]).toEqual([
    0,
    [...rows(fine), expect.stringMatching(/^\| muon \| Infinity \| Infinity \|/)],
  ]);
});

test('finals run those of the named candidates that are finalists, each at its best rate', async () => {
  const sizes = [...smallest, '--screening', '0.01', '--finals', '0.02'];
  const screening = ['--stage', 'screening', '--only', 'baseline,muon', '--rates', '0.002,0.004'];
  expect(await suite('staged', [...sizes, ...screening]).ended).toMatchObject({ code: 0 });
  const screened = await linesOf('staged');
  expect(screened).toHaveLength(4);
  await writeFile(at('muon'), `${JSON.stringify(screened.find(({ name }) => name === 'muon'))}\n`);
  expect(await suite('muon', [...sizes, '--stage', 'finals']).ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('learning: baseline has not been screened for 0.01 minutes'),
  });
  const finals = ['--stage', 'finals', '--only', 'muon,adamax', '--seeds', '2,3'];
  expect(await suite('staged', [...sizes, ...finals]).ended).toMatchObject({ code: 0 });
  const [first, second] = screened.filter(({ name }) => name === 'muon');
  const { rate } = second.bitsPerDim < first.bitsPerDim ? second : first;
  expect((await linesOf('staged')).slice(4)).toMatchObject(
    [2, 3].map((seed) => ({ name: 'muon', rate, seed, minutes: 0.02 })),
  );
}, 120_000);

test.each([
  [['--stage', 'last'], '--stage: expected screening, finals or both, got "last"'],
  [['--rates', '0.002,fast'], '--rates: expected numbers above 0, got "0.002,fast"'],
  [['--only', 'batch 7'], 'expected one of baseline, batch 8'],
  [
    ['--stage', 'finals'],
    'no candidate has been screened for 10 minutes; run --stage screening before the finals',
  ],
  [['--stage', 'finals', '--only', 'muon'], 'no candidate has been screened for 10 minutes'],
])('%j is refused', async (wrong, message) => {
  const { code, stderr } = await suite('none', wrong).ended;
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
  expect(existsSync(at('runs-none'))).toBe(false);
});

test('absent data is named, with the package that has it', async () => {
  const { code, stderr } = await suite('none', ['--data', at('absent')]).ended;
  expect([code, stderr.includes('apt-get install dataset-fashion-mnist, or pass --data')]).toEqual([1, true]);
});

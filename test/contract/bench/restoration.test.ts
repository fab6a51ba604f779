import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const script = join(__dirname, '../../../bench/restoration.mjs');
let root = '';
let few: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'restoration-'));
  const [out, doc] = [join(root, 'out'), join(root, 'found.md')];
  few = ['--pictures', '2', '--sampled', '1', '--draws', '3', '--steps', '2', '--out', out, '--doc', doc];
});
afterAll(() => rm(root, { recursive: true, force: true }));

function run(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })));
}

const resultsOf = async () => {
  const lines = (await readFile(join(root, 'out/results.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
};

test('restores pictures of every kind, and goes on where it was stopped', async () => {
  const only = 'faces/left,faces/noise-0.1,faces/enlarge,faces/samples';
  expect(await run([...few, '--only', only])).toMatchObject({ code: 0 });
  const whole = await resultsOf();
  expect(whole.map(({ id, picture }) => `${id} ${picture}`)).toEqual([
    ...['faces/left 0', 'faces/left 1', 'faces/noise-0.1 0', 'faces/noise-0.1 1'],
    ...['faces/enlarge 0', 'faces/enlarge 1', 'faces/samples 0'],
  ]);
  const [left, , noisy, , enlarged, , sampled] = whole;
  expect(Object.keys(left.psnr)).toEqual(['mean', 'harmonic', 'restored']);
  expect(noisy.psnr.noisy).toBeGreaterThan(19); // 20·log10(1/0.1), less where values are cut
  expect(noisy.psnr.noisy).toBeLessThan(23);
  expect(enlarged.psnr.bicubic).toBeGreaterThan(10);
  expect(Object.keys(sampled.psnr)).toEqual(['harmonic', 'mean', 'sample']);
  expect(sampled.coverage).toBeGreaterThan(0);
  expect(sampled.coverage).toBeLessThan(1);

  const file = join(root, 'out/results.jsonl');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, text.length - 40)); // killed while it wrote the last line
  expect((await run([...few, '--only', only])).stderr).toBe('faces/samples: 1 pictures\n');
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(8); // seven, and the broken one
  const again = JSON.parse(lines.at(-1) as string);
  expect({ ...again, seconds: 0 }).toEqual({ ...sampled, seconds: 0 });

  const found = await readFile(join(root, 'found.md'), 'utf8');
  const mean = (name: string) => ((whole[0].psnr[name] + whole[1].psnr[name]) / 2).toFixed(1);
  expect(found).toContain(
    `| faces, left half | 2 | ${mean('mean')} | ${mean('harmonic')} | ${mean('restored')} |`,
  );
  expect(found).toMatch(/\| faces, centre \| 1 \| 3 \| [\d.]+ \| [\d.]+ \| [\d.]+ \| 50 % \|/);
  const images = await readdir(join(root, 'images'));
  expect(images).toHaveLength(4);
  for (const name of images) expect(found).toContain(`(images/${name})`);
}, 120_000);

test('results of other steps or draws are done anew, and do not enter the report', async () => {
  const [out, doc] = [join(root, 'settings'), join(root, 'settings.md')];
  const same = ['--out', out, '--doc', doc, '--only', 'faces/left,faces/samples'];
  const runWith = (steps: string, draws: string) =>
    run([...few, ...same, '--steps', steps, '--draws', draws]);
  const rows = async () => (await readFile(doc, 'utf8')).split('\n').filter((line) => /^\| faces/.test(line));
  const both = 'faces/left: 2 pictures\nfaces/samples: 1 pictures\n';
  expect(await runWith('2', '3')).toEqual({ code: 0, stderr: both });
  const first = await rows();
  expect(await runWith('2', '4')).toEqual({ code: 0, stderr: 'faces/samples: 1 pictures\n' });
  expect(await rows()).toEqual([first[0], expect.stringMatching(/^\| faces, centre \| 1 \| 4 \|/)]);
  expect(await runWith('3', '3')).toEqual({ code: 0, stderr: both });
  expect(await rows()).not.toEqual(first);
  expect(await runWith('2', '3')).toEqual({ code: 0, stderr: '' });
  expect(await rows()).toEqual(first);
}, 120_000);

test.each([
  [['--only', 'cats'], '--only cats: expected some of faces/left, '],
  [['--pictures', '0'], '--pictures must be an integer from 1 on, got 0'],
])('says what is wrong with %j', async (args, message) => {
  const { code, stderr } = await run([...few, ...args]);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

test('leaves a document without its marks as it is', async () => {
  const doc = join(root, 'other.md');
  await writeFile(doc, '# Other\n');
  const { code, stderr } = await run([...few, '--only', 'faces/random', '--doc', doc]);
  expect(code).toBe(1);
  expect(stderr).not.toContain('pictures\n');
  expect(stderr).toContain('lacks the lines <!-- written by npm run eval:restoration -->');
  expect(await readFile(doc, 'utf8')).toBe('# Other\n');
});

test('does not mix results of two models', async () => {
  const out = join(root, 'other');
  await mkdir(out);
  await writeFile(join(out, 'models.json'), '{"faces":"of another model"}');
  const { code, stderr } = await run([...few, '--out', out, '--only', 'faces/left']);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`${out} holds results of another faces than`)]);
});

import { readFile, writeFile } from 'node:fs/promises';
import { train } from '@glow-onnx/trainer';
import { compareMain } from '../../../packages/trainer/src/cli/glow-compare.js';
import { ramps, temporaryRuns } from '../../support/training.js';
import { tinyRun as base } from './tiny-run.js';

const runAt = temporaryRuns();
const [a, b, other] = ['a', 'b', 'other'].map((name) => () => runAt(name));

beforeAll(async () => {
  const settings = { ...base.settings, epochs: 1 };
  await train({ ...base, settings, out: a() });
  await train({ ...base, settings: { ...settings, rate: 1e-4 }, out: b() });
  await train({ ...base, data: ramps(48), settings, out: other() });
});

async function compare(...argv: string[]) {
  let [stdout, stderr] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  };
  const code = await compareMain(argv, terminal);
  return { code, stdout, stderr };
}

test('one page shows both runs and the setting in which they differ', async () => {
  const out = runAt('comparison.html');
  expect(await compare(a(), b(), '--out', out)).toEqual({ code: 0, stdout: `wrote ${out}\n`, stderr: '' });
  const page = await readFile(out, 'utf8');
  expect(page).toContain('<th scope="row">rate</th><td>0.005</td><td>0.0001</td>');
  expect(page).toContain('class="curve series-2"');
  expect(page.match(/<img /g)).toHaveLength(2);
});

test('an existing file stays, unless --force is given', async () => {
  const out = runAt('kept.html');
  await writeFile(out, 'mine');
  expect(await compare(a(), b(), '--out', out)).toEqual({
    code: 1,
    stdout: '',
    stderr: `glow-onnx compare: ${out} exists; pass --force to replace it, or another --out\n`,
  });
  expect(await readFile(out, 'utf8')).toBe('mine');
  expect((await compare(a(), b(), '--out', out, '--force')).code).toBe(0);
  expect(await readFile(out, 'utf8')).toContain('<!doctype html>');
});

test('a file of a run is never replaced by the page', async () => {
  for (const name of ['metrics.jsonl', 'last.safetensors']) {
    const before = await readFile(`${b()}/${name}`);
    const { code, stderr } = await compare(a(), b(), '--out', `${b()}/${name}`, '--force');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('is read by this command') });
    expect((await readFile(`${b()}/${name}`)).equals(before)).toBe(true);
  }
});

test('runs on other images are shown with a warning that bits/dim do not compare', async () => {
  const { code, stderr } = await compare(a(), other(), '--out', runAt('warned.html'));
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'warning: bits/dim cannot be compared: the runs have different images\n',
  });
});

test('runs that hold out other images are shown with a warning', async () => {
  const out = runAt('split');
  await train({ ...base, settings: { ...base.settings, epochs: 1, valFraction: 0.3 }, out });
  const { stderr } = await compare(a(), out, '--out', runAt('split.html'));
  expect(stderr).toBe('warning: bits/dim cannot be compared: the runs have different held-out images\n');
});

test.each([
  ['one run', () => [a()], 'expected 2 to 6 run folders, got 1'],
  ['a folder without a run', () => [a(), runAt('.')], 'has no checkpoint'],
])('%s is refused, and nothing is written', async (_, folders, message) => {
  const out = runAt('refused.html');
  const { code, stderr } = await compare(...folders(), '--out', out);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
  await expect(readFile(out)).rejects.toThrow('ENOENT');
});

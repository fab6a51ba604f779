import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** The command as a process, as npm links it. */
const root = resolve(__dirname, '../..');

function run(...args: string[]) {
  const script = resolve(root, 'packages/glow-onnx/bin/glow-onnx.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('without a command it lists all commands by what people want to do', () => {
  const { status, stdout } = run();
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Usage: glow-onnx/);
  for (const line of ['Make a model:', 'Use a model:', '  train ', '  export ', '  sample ', '  doctor ']) {
    expect(stdout).toContain(`\n${line}`);
  }
});

test.each([
  ['train', /^Usage: glow-onnx train \[options\]\n[\s\S]*--data/],
  ['export', /^Usage: glow-onnx export [\s\S]*--out/],
  ['verify', /^Usage: glow-onnx verify [\s\S]*<modeldir>/],
  ['score', /^Usage: glow-onnx score [\s\S]*<model/],
  ['serve', /^Usage: glow-onnx serve [\s\S]*--max-batch/],
])('%s has its own help, by --help and by help', (name, usage) => {
  for (const args of [
    [name, '--help'],
    ['help', name],
  ]) {
    expect(run(...args)).toMatchObject({ status: 0, stdout: expect.stringMatching(usage) });
  }
});

test('a command with a slip is named, with the right one', () => {
  const { status, stdout, stderr } = run('smaple', 'models/pixel-faces');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/unknown command 'smaple'\n\(Did you mean sample\?\)/);
});

test('errors begin with the name that the user typed, whatever package they come from', () => {
  expect(run('info', 'no-such-folder')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^glow-onnx: /),
  });
  expect(run('verify', 'no-such-folder')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^glow-onnx: /),
  });
  expect(run('train', '--data', 'no-such-folder', '--out', 'out/none', '--size', '8x8')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^glow-onnx train: /),
  });
});

test('the version is that of the packages', () => {
  expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

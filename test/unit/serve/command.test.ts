import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from '@glow-onnx/serve';
import { main } from '../../../packages/serve/src/cli/main.js';
import { readToken } from '../../../packages/serve/src/cli/read-token.js';
import { parseModelEntry } from '../../../packages/serve/src/model-entry.js';
import type { ServeOptions } from '../../../packages/serve/src/options.js';
import { createTokenCheck } from '../../../packages/serve/src/token.js';

const folder = mkdtempSync(join(tmpdir(), 'glow-serve-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  };
  const code = await main('glow-serve', argv, terminal, new AbortController().signal);
  return { code, stdout, stderr };
}

test.each([
  ['models/faces', { name: 'faces', version: 1, source: 'models/faces' }],
  ['/srv/faces/', { name: 'faces', version: 1, source: '/srv/faces/' }],
  ['hf:owner/faces', { name: 'faces', version: 1, source: 'hf:owner/faces' }],
  ['smile=https://h/a?b=c', { name: 'smile', version: 1, source: 'https://h/a?b=c' }],
  ['smile:12=out', { name: 'smile', version: 12, source: 'out' }],
])('%s is %j', (text, entry) => {
  expect(parseModelEntry(text)).toEqual(entry);
});

test.each(['', '..', 'my wörk', 'hf:owner/faces@main', '=x'])('%j has no name for a path', (text) => {
  expect(() => parseModelEntry(text)).toThrow('cannot be the name of a model; pass NAME=');
});

test.each([
  [[], 2, /missing required argument 'model'/],
  [['a', '--port', '70000'], 2, /--port.*It must be an integer from 0 to 65535/],
  [['a', '--max-batch', '0'], 2, /--max-batch/],
  [['a', '--log-level', 'loud'], 2, /--log-level/],
  [['no-such-folder'], 1, /^glow-serve: .*no-such-folder/],
  [['a', 'b=x', 'a=y'], 1, /^glow-serve: a:1 is given twice; pass a:2=FOLDER/],
  [['a', '--cors', 'example.org'], 1, /^glow-serve: --cors must be an origin/],
])('glow-serve %j ends with %i and one line', async (argv, status, reason) => {
  const { code, stdout, stderr } = await run(...argv);
  expect({ code, stdout }).toEqual({ code: status, stdout: '' });
  expect(stderr).toMatch(reason);
});

test.each([
  [{ maxbatch: 3 }, /unknown option "maxbatch"; did you mean maxBatch\?/],
  [{ maxBatch: 0 }, /maxBatch must be an integer from 1 on, got 0/],
  [{ timeoutMs: 2 ** 31 }, /timeoutMs must be an integer from 1 to 2147483647/],
  [{ drainMs: -1 }, /drainMs must be an integer from 0/],
  [{ device: 'tpu' }, /device must be "cpu"/],
  [{ corsOrigin: '*' }, /corsOrigin must be an origin/],
])('createServer refuses %j', async (options, reason) => {
  const entry = { name: 'a', version: 1, source: 'a' };
  await expect(createServer([entry], options as ServeOptions)).rejects.toThrow(reason);
});

test('createServer refuses models without a name that a path can have, and no models at all', async () => {
  await expect(createServer([])).rejects.toThrow('expected at least one model');
  await expect(createServer([{ name: 'a/b', version: 1, source: 'a' }])).rejects.toThrow(
    'name "a/b" must be',
  );
  await expect(createServer([{ name: 'a', version: 0, source: 'a' }])).rejects.toThrow(
    'version of a must be',
  );
});

describe('the token', () => {
  const token = 'a-token-of-24-characters';
  const file = join(folder, 'token');

  test('comes from a file or from the environment, never from both, and no error shows it', async () => {
    writeFileSync(file, `${token}\n`);
    expect(await readToken(file, {})).toBe(token);
    expect(await readToken(undefined, { GLOW_ONNX_TOKEN: token })).toBe(token);
    expect(await readToken(undefined, {})).toBeUndefined();
    await expect(readToken(file, { GLOW_ONNX_TOKEN: token })).rejects.toThrow(/^both --token-file and/);
    writeFileSync(file, 'short-secret');
    const { code, stderr } = await run('a', '--token-file', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^glow-serve: token must be a text of at least 16 visible ASCII characters\n$/);
    expect((await run('a', '--token-file', join(folder, 'gone'))).stderr).toMatch(/gone/);
  });

  test('is compared as a whole', () => {
    const check = createTokenCheck(token);
    expect([`Bearer ${token}`, `bearer  ${token}`].map(check)).toEqual([true, true]);
    const wrong = [undefined, '', 'Bearer', 'Bearer ', token, `Basic ${token}`, `Bearer ${token} x`];
    expect(wrong.map(check)).toEqual(wrong.map(() => false));
  });
});

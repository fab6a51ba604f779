import { mkdir, readdir, readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { runProgram } from '../../../packages/runtime/src/cli/run-program.js';
import { explained, systemReason } from '../../../packages/runtime/src/node/explain-system-error.js';

const read = () => readFile('/nowhere/at/all');

test('an error of the system names the path that the user knows, the reason and the code', async () => {
  const inner = () => explained('read', '/nowhere/at/all', read);
  await expect(inner()).rejects.toMatchObject({
    message: '/nowhere/at/all cannot be read: no such file or folder (ENOENT)',
    code: 'ENOENT',
    cause: { syscall: 'open' },
  });
  await expect(explained('read', 'my run', inner, 'pass another')).rejects.toMatchObject({
    message: 'my run cannot be read: no such file or folder (ENOENT); pass another',
    code: 'ENOENT',
    cause: { syscall: 'open' },
  });
});

test.each([
  new TypeError('of our own'),
  Object.assign(new Error('of Node'), { code: 'ERR_INVALID_ARG_TYPE' }),
  Object.assign(new Error('of a server'), { code: 'ENOENT' }), // no call of the system
  'thrown text',
  undefined,
])('any other error passes as it is: %p', async (error) => {
  expect(systemReason(error)).toBe(undefined);
  const work = explained('written', 'x', () => Promise.reject(error));
  expect(await work.catch((thrown: unknown) => thrown)).toBe(error);
});

test.each([
  ['read', () => readdir('/nowhere'), '/nowhere cannot be read: no such file or folder (ENOENT)'],
  [
    'written',
    () => mkdir('/dev/null/x'),
    '/dev/null/x cannot be written: a part of its path is not a folder (ENOTDIR)',
  ],
] as const)('a command says so of a path that nobody put into words: %s', async (_, work, sentence) => {
  let err = '';
  const terminal = { stdout: { write: () => {} }, stderr: { write: (text: string) => (err += text) } };
  const program = new Command('glow').action(async () => {
    await work();
  });
  expect(await runProgram(program, [], terminal)).toBe(1);
  expect(err).toBe(`glow: ${sentence}\n`);
});

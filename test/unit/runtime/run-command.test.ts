import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

function start(
  kind: 'prints' | 'waits' | 'saves' | 'stuck',
  resultIn = 'stdout',
  stdio: StdioOptions = 'pipe',
) {
  return spawn(process.execPath, [join(__dirname, 'run-command.mjs'), resultIn, kind], { stdio });
}

/** What a process writes to stderr, and the code or the signal that it ends with. */
async function outcome(child: ChildProcess) {
  let err = '';
  child.stderr?.on('data', (text) => (err += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, err };
}

const whereSignals = process.platform === 'win32' ? describe.skip : describe;

whereSignals('a command that gets a signal', () => {
  const begun = async (kind: 'waits' | 'saves' | 'stuck') => {
    const child = start(kind);
    await once(child.stderr as NodeJS.ReadableStream, 'data');
    return child;
  };

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends by itself after %s, with %i', async (name, code) => {
    const child = await begun('waits');
    child.kill(name);
    expect(await outcome(child)).toMatchObject({ code, signal: null });
  });

  test('takes two signals at once for one', async () => {
    const child = await begun('saves'); // so that the second finds it alive
    child.kill('SIGTERM');
    child.kill('SIGHUP');
    const { code } = await outcome(child);
    expect([143, 129]).toContain(code); // the system decides which one comes first
  });

  test('ends at once after a second signal', async () => {
    const child = await begun('stuck');
    child.kill('SIGTERM');
    await setTimeout(700);
    expect(child.exitCode).toBe(null);
    child.kill('SIGINT');
    expect(await outcome(child)).toMatchObject({ code: 130, signal: null });
  });
});

describe('a command whose output nobody takes', () => {
  test.each(['stdout', 'files'])('does all its work, with the result in %s', async (resultIn) => {
    const child = start('prints', resultIn, ['ignore', 'pipe', 'pipe', 'ipc']);
    await once(child.stderr as NodeJS.ReadableStream, 'data');
    child.stdout?.destroy();
    child.stderr?.destroy();
    const [[done], [code, signal]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
    expect({ done, code, signal }).toEqual({ done: 'done', code: 0, signal: null });
  });

  const whereFull = existsSync('/dev/full') ? test : test.skip;

  whereFull.each([
    ['stdout', 1],
    ['files', 0],
  ])('because the disk is full says so, and with the result in %s ends with %i', async (resultIn, code) => {
    const child = start('prints', resultIn, ['ignore', openSync('/dev/full', 'w'), 'pipe', 'ipc']);
    const [[done], ended] = await Promise.all([once(child, 'message'), outcome(child)]);
    expect({ done, code: ended.code }).toEqual({ done: 'done', code });
    const [, ...lines] = ended.err.split('\n').filter((line) => line !== 'progress');
    expect(lines).toEqual(['glow-test: stdout cannot be written: the disk is full (ENOSPC)', '']);
  });

  whereFull('loses no result for a log on a full disk', async () => {
    const child = start('prints', 'stdout', ['ignore', 'pipe', openSync('/dev/full', 'w'), 'ipc']);
    let out = '';
    child.stdout?.on('data', (text) => (out += text));
    expect(await outcome(child)).toMatchObject({ code: 0 });
    expect(out).toBe('line\n'.repeat(20));
  });
});

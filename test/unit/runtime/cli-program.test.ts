import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePng } from '@glow-onnx/runtime/node';
import { progressOn } from '../../../packages/runtime/src/cli/progress.js';
import { at, config, folder, glow, glowUntil, useGlowCommand, work } from '../../support/glow-command.js';

useGlowCommand();

describe('an interrupted command', () => {
  test('ends with 130 and leaves nothing', async () => {
    const before = await readdir(work);
    const interrupt = new AbortController();
    interrupt.abort();
    expect(await glowUntil(interrupt.signal, 'sample', folder, '--out', at('never.png'))).toEqual({
      code: 130,
      out: '',
      err: 'glow: interrupted\n',
    });
    expect(await readdir(work)).toEqual(before);
  });

  test('ends with 130 also if it fails for another reason meanwhile', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    const { code, err } = await glowUntil(interrupt.signal, 'info', at('never there'));
    expect({ code, err }).toEqual({ code: 130, err: 'glow: interrupted\n' });
  });

  /** Interrupts a command as built, twice as late if it was killed because a slow machine had not yet started it. */
  async function interrupted(...args: string[]) {
    for (const afterMs of [2000, 15_000]) {
      const run = spawn(process.execPath, ['packages/runtime/bin/glow.js', ...args]);
      let err = '';
      run.stderr.on('data', (data) => (err += data));
      setTimeout(() => run.kill('SIGINT'), afterMs);
      const [code, signal] = await once(run, 'exit');
      if (!signal) return { code, err };
    }
    return undefined;
  }

  test('by Ctrl-C does so, as built', async () => {
    const outcome = await interrupted('sample', folder, '--count', '300000', '--out', at('never'));
    // After a while it tells how far it is.
    const err = expect.stringMatching(/^(glow: \d+ of 300000 images\n)*glow: interrupted\n$/);
    expect(outcome).toEqual({ code: 130, err });
    expect(await readdir(work)).not.toContain('never');
  });

  test('by Ctrl-C does so, as built, within one run of ONNX Runtime', async () => {
    const side = 2048;
    await writePng(at('large.png'), {
      data: new Uint8Array(side * side),
      height: side,
      width: side,
      channels: 1,
    });
    const outcome = await interrupted(
      'encode',
      'models/pixel-faces',
      at('large.png'),
      '--out',
      at('never.safetensors'),
      '--fit',
      'none',
    );
    expect(outcome).toEqual({ code: 130, err: 'glow: interrupted\n' });
    expect(await readdir(work)).not.toContain('never.safetensors');
  });
});

test('a long run tells its progress: over one line in a terminal, now and then in a log', () => {
  const told = (isTTY: boolean) => {
    let [time, text] = [0, ''];
    const { onProgress, end } = progressOn(
      { isTTY, write: (part: string) => (text += part) },
      'glow',
      () => time,
    );
    for (let done = 1; done <= 25; done++) {
      time += 1000;
      onProgress({ done, total: 25 });
    }
    end();
    return text;
  };
  expect(told(false)).toBe('glow: 10 of 25 images\nglow: 20 of 25 images\n');
  const lines = Array.from({ length: 24 }, (_, i) => `${i + 2} of 25 images`);
  const clear = '\r\u001b[K';
  expect(told(true)).toBe(`${clear}${lines.join(clear)}${clear}`);
});

test('info describes the folder and verifies every file', async () => {
  const { code, out } = await glow('info', folder);
  expect(code).toBe(0);
  expect(out).toContain('2 levels × 2 steps, 8 hidden channels');
  expect(out).toContain('z0 6×4×4, z1 24×2×2');
  expect(JSON.parse((await glow('info', folder, '--json')).out)).toMatchObject({ verified: true, config });
  const copy = at('copy');
  await cp(folder, copy, { recursive: true });
  await writeFile(join(copy, 'golden.safetensors'), 'other');
  expect(await glow('info', copy)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/golden\.safetensors has 5/),
  });
});

test('--help and --version are no errors', async () => {
  expect(await glow('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  expect((await glow('sample', '--help')).out).toContain('--temperature <t>');
});

describe('help', () => {
  /** In one line: the width of a terminal breaks it elsewhere. */
  const help = async (name: string) => (await glow(name, '--help')).out.replaceAll(/\s+/g, ' ');

  test('marks the options that are required', async () => {
    const text = await help('mix');
    expect(text).toMatch(/--levels <list> [^(]*\(required\) --fit /);
    expect(text).toMatch(/--out <path> [^(]*\(required\) --columns /);
    expect(text.match(/\(required\)/g)).toHaveLength(2);
  });

  test('speaks of numbers where a command writes them', async () => {
    for (const name of ['decode', 'sample'])
      expect(await help(name)).toContain('or FILE.safetensors for numbers');
    for (const name of ['interpolate', 'mix', 'inpaint'])
      expect(await help(name)).not.toContain('safetensors');
  });

  test('says what the columns of score mean', async () => {
    const text = await help('score');
    for (const { column, means } of [
      { column: 'percentile', means: 'share of the images held out in training that have fewer bits/dim' },
      { column: 'typicality', means: 'share of those images that lie as far from their median or farther' },
    ]) {
      expect(text).toContain(`${column} ${means}`);
    }
  });
});

test('a clone that is not built yet says so', async () => {
  await mkdir(at('clone/bin'), { recursive: true });
  await cp('packages/runtime/bin/glow.js', at('clone/bin/glow.mjs'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [at('clone/bin/glow.mjs')], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'glow: not built yet; run npm ci && npm run build in the clone that it stands in\n',
  });
});

test('runs as built', async () => {
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, ['packages/runtime/bin/glow.js', ...argv], { encoding: 'utf8' });
  const { status, stdout, stderr } = run('score', folder, at('0.png'), '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout).images[0].bitsPerDim).toBeGreaterThan(0);
  const { version } = JSON.parse(await readFile('packages/runtime/package.json', 'utf8'));
  expect(run('--version').stdout).toBe(`${version}\n`);
  expect(run('info', at('none'))).toMatchObject({ status: 1, stdout: '' });
});

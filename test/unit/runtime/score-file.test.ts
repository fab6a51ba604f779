import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scoringOf } from '../../../packages/runtime/src/cli/score-file.js';
import { at, folder, glow, images, model, useGlowCommand, work } from '../../support/glow-command.js';
import { writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

useGlowCommand();

const rows = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const score = (...argv: string[]) => glow('score', folder, at('0.png'), at('1.png'), '--draws', '2', ...argv);

test('the parts of a list have each image once, with the scores of the model to the last bit', async () => {
  const scores = await model.score(images, { draws: 2 });
  const parts = ['1/3', '2/3', '3/3'].map((shard) => [shard, `part-${shard[0]}.jsonl`] as const);
  for (const [shard, name] of parts) {
    expect(await score('--shard', shard, '--out', at(name))).toMatchObject({ code: 0, err: '' });
  }
  const all = (await Promise.all(parts.map(([, name]) => rows(name)))).flat();
  const scoring = all[0].scoring;
  expect(scoring).toMatch(/^[0-9a-f]{16}$/);
  expect(all).toEqual(scores.map((each, i) => ({ image: at(`${i}.png`), scoring, ...each })));
  const whole = await score('--shard', '2/2', '--json');
  expect(JSON.parse(whole.out).images.map(({ image }: { image: string }) => image)).toEqual([at('1.png')]);
});

test('bad images are rows with their errors, are named, and fail nothing', async () => {
  await writeFile(at('bad.png'), 'no picture');
  const message = `${at('bad.png')}: the image cannot be read: expected a PNG, JPEG or WebP, got an unknown format; convert it`;
  const missing = `${at('gone.png')}: the image cannot be read: no such file or folder (ENOENT)`;
  const both = await score(at('bad.png'), at('gone.png'), '--out', at('some.jsonl'));
  expect(both.code).toBe(0);
  expect(both.out).toBe(
    `wrote ${at('some.jsonl')}: 2 images scored; 2 images could not be scored:\n  ${message}\n  ${missing}\n`,
  );
  expect((await rows('some.jsonl')).map(({ error }) => error)).toEqual([
    undefined,
    undefined,
    message,
    missing,
  ]);
  const alone = await glow('score', folder, at('bad.png'), '--out', at('alone.jsonl'));
  expect(alone.code).toBe(0);
  expect(await rows('alone.jsonl')).toEqual([
    { image: at('bad.png'), scoring: expect.any(String), error: message },
  ]);
});

test('--resume keeps a part that is there, and refuses one of other images', async () => {
  const out = ['--out', at('kept.jsonl')];
  expect((await score('--shard', '1/2', ...out, '--resume')).out).toContain('wrote');
  const before = await readFile(at('kept.jsonl'));
  expect(await score('--shard', '1/2', ...out)).toMatchObject({
    code: 1,
    err: expect.stringContaining('exists; pass --force to replace it, or another --out'),
  });
  expect((await score('--shard', '1/2', ...out, '--resume')).out).toBe(
    `kept ${at('kept.jsonl')}: 1 image scored\n`,
  );
  for (const text of [before.toString(), '{"image":', 'null\n']) {
    await writeFile(at('kept.jsonl'), text);
    const { code, err } = await score('--shard', '2/2', ...out, '--resume');
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('has the scores of other images than these'),
    });
    expect(await readFile(at('kept.jsonl'), 'utf8')).toBe(text);
  }
  await writeFile(at('kept.jsonl'), before);
  for (const flags of [
    ['--draws', '3'],
    ['--seed', '9'],
    ['--bound', 'importance'],
    ['--fit', 'crop'],
  ]) {
    expect(await score('--shard', '1/2', ...out, '--resume', ...flags)).toMatchObject({
      code: 1,
      err: expect.stringContaining('has scores of another model, or with other --draws'),
    });
  }
  const empty = JSON.stringify({ ...JSON.parse(before.toString()), bitsPerDim: null });
  await writeFile(at('kept.jsonl'), empty);
  expect((await score('--shard', '1/2', ...out, '--resume')).code).toBe(1);
  expect(await readFile(at('kept.jsonl'), 'utf8')).toBe(empty);
  expect((await score('--shard', '2/2', ...out, '--force')).code).toBe(0);
  expect((await rows('kept.jsonl')).map(({ image }) => image)).toEqual([at('1.png')]);
});

test('--resume refuses a part of another class', async () => {
  const classes = await writeModelFixture(tinyConfig({ prior: 'learned', classes: 3 }), 7);
  const out = at('class.jsonl');
  const resume = (label: string) =>
    glow('score', classes.directory, at('0.png'), '--label', label, '--out', out, '--resume');
  expect((await resume('1')).out).toContain('wrote');
  const before = await rows('class.jsonl');
  expect((await resume('1')).out).toContain('kept');
  expect(await resume('2')).toMatchObject({ code: 1, err: expect.stringContaining('with other --draws') });
  expect(await rows('class.jsonl')).toEqual(before);
  const other = ['--label', '2', '--out', out, '--force'];
  expect((await glow('score', classes.directory, at('0.png'), ...other)).code).toBe(0);
  const [after] = await rows('class.jsonl');
  expect(after.scoring).not.toBe(before[0].scoring);
  expect(after.bitsPerDim).not.toBe(before[0].bitsPerDim);
  await classes.remove();
});

test('scoring differs by class and by tensor; without either it is what it was before they counted', async () => {
  const model = { manifest: {} as never, precision: 'fp32' } as const;
  const options = { draws: 8, bound: 'mean', seed: 0, fit: 'cover' } as const;
  const of = (label?: string, tensor?: string) => scoringOf(model, { ...options, label, tensor });
  const names = await Promise.all([of(), of('a'), of('b'), of(undefined, 'a'), of('a', 'a')]);
  expect(new Set(names).size).toBe(names.length);
  expect(names[0]).toBe('fc0073f6ef5cd6ac');
});

test('a call that fails writes nothing, and wrong flags are explained', async () => {
  const files = await readdir(work);
  const wrong = await score('--out', at('wrong.jsonl'), '--label', 'cat');
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('label') });
  expect(
    await glow('score', folder, at('0.png'), '--out', at('wrong.jsonl'), '--label', 'cat'),
  ).toMatchObject({ code: 1 });
  for (const shard of ['0/2', '3/2', '1', '1/0', 'a/b', '1/2/3', '-1/2']) {
    const { code, err } = await score('--shard', shard, '--out', at('wrong.jsonl'));
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('from 1/8 to 8/8') });
  }
  expect(await score('--resume')).toMatchObject({ code: 1, err: expect.stringContaining('pass --out too') });
  expect(await score('--out', join(at('0.png'), 'x.jsonl'))).toMatchObject({ code: 1 });
  expect(await readdir(work)).toEqual(files);
});

import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { openDataset, train } from '@glow-onnx/trainer';
import sharp from 'sharp';
import { glowTrain } from '../../support/glow-train.js';
import { rampsConfig, readCheckpoint, temporaryRuns } from '../../support/training.js';

const runAt = temporaryRuns();
const model = ['--steps', '1', '--hidden', '8', '--batch', '4', '--epochs', '1'];
const device = ['--device', 'wasm', '--threads', '1'];

async function draw(path: string, level: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const create = { width: 8, height: 8, channels: 3 as const, background: `rgb(${level}, 80, 120)` };
  await sharp({ create }).png().toFile(path);
}

/** A folder of twelve pictures of two moods. */
async function album(name: string): Promise<string> {
  const folder = runAt(name);
  const lines: string[] = [];
  for (let i = 0; i < 12; i++) {
    await draw(join(folder, `${i}.png`), 20 * i);
    lines.push(`${i}.png,${i % 2 ? 'glad' : 'sad'}`);
  }
  await writeFile(join(folder, 'metadata.csv'), ['file_name,mood', ...lines, ''].join('\n'));
  return folder;
}

/** The error of glow-train: the last line that it writes. */
async function refusal(...argv: string[]): Promise<string> {
  const { code, stderr } = await glowTrain(...argv);
  expect(code).toBe(1);
  return stderr.trimEnd().split('\n').at(-1) ?? '';
}

describe('a run', () => {
  let pictures = '';
  const first = () => runAt('first');
  /** Resumes a copy of the first run for one more epoch. */
  const resume = async (data: string, name: string) => {
    const out = runAt(name);
    await cp(first(), out, { recursive: true });
    return ['--data', data, '--out', out, '--resume', '--epochs', '2', ...device];
  };
  beforeAll(async () => {
    pictures = await album('pictures');
    const { code } = await glowTrain(
      ...['--data', pictures, '--out', first(), '--labels', 'mood', ...model, ...device],
    );
    expect(code).toBe(0);
  });

  test('goes on with its data in another place and under other names, in the same order', async () => {
    const moved = runAt('moved');
    for (let i = 0; i < 12; i++) await cp(join(pictures, `${i}.png`), `${moved}/img${10 * i}.png`);
    const labels = (await readFile(join(pictures, 'metadata.csv'), 'utf8')).replaceAll(
      /^(\d+)\./gm,
      (_, i) => `img${10 * Number(i)}.`,
    );
    await writeFile(join(moved, 'metadata.csv'), labels);
    const { code, stdout, stderr } = await glowTrain(...(await resume(moved, 'moved run')));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('4 steps, 2 epochs') });
    expect(stderr).not.toContain('warning');
  });

  test.each([
    [
      'a replaced picture',
      (folder: string) => draw(join(folder, '3.png'), 201),
      /^glow-train: data: the images of replaced picture are not those that the run started with, .*--init/,
    ],
    [
      'another order',
      (folder: string) => rename(join(folder, '3.png'), join(folder, '30.png')),
      /^glow-train: data: the images of another order are not those that the run started with/,
    ],
    [
      'other labels',
      async (folder: string) => {
        const file = join(folder, 'metadata.csv');
        await writeFile(file, (await readFile(file, 'utf8')).replace('3.png,glad', '3.png,sad'));
      },
      /^glow-train: data: the labels mood of other labels are not those that the run started with; pass the same/,
    ],
  ])('does not go on with %s', async (name, change, message) => {
    const data = await album(name.replace('a ', ''));
    await change(data);
    if (name === 'another order') {
      const file = join(data, 'metadata.csv');
      await writeFile(file, (await readFile(file, 'utf8')).replace('\n3.png', '\n30.png'));
    }
    const argv = await resume(data, `${name} run`);
    expect(await refusal(...argv)).toMatch(message);
    expect(await readCheckpoint(argv[3] as string, 'last')).toEqual(await readCheckpoint(first(), 'last'));
  });

  test('of an earlier version, which did not know its data, goes on with a warning', async () => {
    const argv = await resume(pictures, 'earlier run');
    const checkpoint = await readCheckpoint(first(), 'last');
    const { pixels, labels, ...data } = (checkpoint.progress?.data ?? {}) as Record<string, string>;
    expect([pixels, labels]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    const progress = { ...checkpoint.progress, data };
    await writeFile(
      join(argv[3] as string, 'last.safetensors'),
      encodeCheckpoint({ ...checkpoint, progress }),
    );
    const { code, stderr } = await glowTrain(...argv);
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: the run was saved by an earlier version, which kept no fingerprint/);
    expect((await readCheckpoint(argv[3] as string, 'last')).progress?.data).toMatchObject({ pixels });
  });
});

describe('--out', () => {
  test('is refused among the images of --data, also through links, and nothing is written', async () => {
    const data = await album('around');
    await mkdir(runAt('linked'));
    await draw(runAt('linked/more.png'), 7);
    await symlink(data, runAt('link to around'));
    await symlink(runAt('linked'), join(data, 'more'));
    const before = await readdir(runAt('.'), { recursive: true });
    const early = [data, join(data, 'runs/first'), join(runAt('link to around'), 'first')];
    for (const out of [...early, join(runAt('linked'), 'first')]) {
      expect(await refusal('--data', data, '--out', out, ...model, ...device)).toMatch(
        /^glow-train: --out .* would write into .*, whose images are read, .*; pass a folder outside, and move/,
      );
    }
    expect(await refusal('--data', data, '--out', data, '--resume')).toMatch(/--out .* would write into/);
    expect(await readdir(runAt('.'), { recursive: true })).toEqual(before);
    const start = { config: { ...rampsConfig, channels: 3 } };
    const options = { data: await openDataset(data), out: join(data, 'more/run'), start };
    await expect(train(options)).rejects.toThrow(
      /^train: out .*more\/run would write into .*linked, whose images are read/,
    );
  });

  test('with a folder `pictures` that holds the images is refused, and they stay', async () => {
    const out = runAt('work');
    for (let i = 0; i < 12; i++) await draw(join(out, 'pictures', `${i}.png`), i);
    expect(await refusal('--data', join(out, 'pictures'), '--out', out, ...model)).toMatch(
      /--out .*work would write into .*pictures, whose images are read/,
    );
    expect(await readdir(join(out, 'pictures'))).toHaveLength(12);
  });
});

test('what training leaves out is told in one line, and links lead to classes', async () => {
  const data = runAt('classes');
  for (let i = 0; i < 6; i++) {
    await draw(join(data, 'dark', `${i}.png`), i);
    await draw(runAt(`elsewhere/${i}.png`), 200 + i);
  }
  await symlink(runAt('elsewhere'), join(data, 'light'));
  await symlink('../..', join(data, 'light', 'up'));
  await draw(join(data, '.ipynb_checkpoints', '0-checkpoint.png'), 99);
  for (const name of ['dark/a.HEIC', 'dark/b.heic', 'dark/c.bmp']) await writeFile(join(data, name), '');
  const out = runAt('classes run');
  const { code, stderr } = await glowTrain(
    ...['--data', data, '--out', out, '--labels', 'folder', ...model, ...device],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('12 images of 3×8×8') });
  expect(stderr).toContain(
    '\n  left out: 2 .heic (dark/a.HEIC …; convert to PNG or JPEG), 1 hidden (.ipynb_checkpoints), ' +
      '1 .bmp (dark/c.bmp; convert to PNG or JPEG), 1 linked to a folder that contains it (light/up)\n',
  );
  expect((await readCheckpoint(out, 'last')).training).toMatchObject({ classNames: ['dark', 'light'] });
  expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('entries left out');
});

test('metadata.csv of another kind does not stop training without labels, and is named if they are asked for', async () => {
  const data = await album('kaggle');
  await writeFile(join(data, 'metadata.csv'), 'id,label\n0,sad\n');
  const argv = ['--data', data, '--out', runAt('kaggle run'), ...model, ...device];
  expect(await glowTrain(...argv)).toMatchObject({ code: 0 });
  expect(await refusal(...argv, '--labels', 'mood', '--force')).toMatch(
    /^glow-train: --labels: kaggle has no attribute "mood" \(found: none\); .*kaggle\/metadata\.csv has no column file_name/,
  );
  await writeFile(join(data, 'metadata.csv'), 'file_name,mood\n0.png,\n');
  expect(await refusal(...argv, '--labels', 'mood', '--force')).toMatch(/has no line for 1\.png/);
  await rm(data, { recursive: true });
});

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRandom } from '@glow-onnx/flow';
import { parseCalibration, type RawImage, writePng } from '@glow-onnx/runtime/node';
import { streamOf } from '../../../packages/runtime/src/model/draws.js';
import { toModel } from '../../../packages/runtime/src/pictures/images.js';
import { at, config, folder, glow, images, model, useGlowCommand } from '../../support/glow-command.js';

useGlowCommand();

const many = Array.from({ length: 24 }, (_, index): RawImage => {
  const random = createRandom(20, index);
  const range = 100 + random.below(100);
  const data = Uint8Array.from({ length: 192 }, () => random.below(range));
  return { data, height: 8, width: 8, channels: 3 };
});
beforeAll(async () => {
  for (const [i, image] of many.entries()) {
    const group = at(`good/photo-${Math.floor(i / 2)}`);
    await mkdir(group, { recursive: true });
    await writePng(`${group}/${i}.png`, image);
  }
});
const calibrate = (...argv: string[]) =>
  glow('calibrate', folder, at('good'), '--draws', '2', '--false-alarms', '0.1', ...argv);

test('calibrate writes what the model measures, and score judges by it', async () => {
  const { code, out, err } = await calibrate('--out', at('c.json'));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('24: 6 for reference, 18 to compare with');
  expect(out).toContain('density, excess, level0, level1');
  expect(out).toMatch(/false alarms +5\.3 % of good images; with this calibration between 0\.14 % and 19 %/);
  const calibration = parseCalibration(await readFile(at('c.json')));
  const [first, second] = await model.score(images, { calibration });

  const scored = await glow('score', folder, at('0.png'), at('1.png'), '--calibration', at('c.json'));
  expect(scored).toMatchObject({ code: 0, err: '' });
  expect(scored.out).toMatch(/^image +verdict +p +strangeness +p density +p excess +p level0 +p level1\n/);
  expect(scored.out).toMatch(/0\.png +(unusual|as usual) /);
  expect(scored.out).toContain('unusual: p is at most 0.1. False alarms: 5.3 % of good images');
  expect(scored.out.match(/bits\/dim: mean of 2 draws of noise/g)).toHaveLength(1);
  const { images: rows, falseAlarms } = JSON.parse(
    (await glow('score', folder, at('0.png'), at('1.png'), '--calibration', at('c.json'), '--json')).out,
  );
  expect(rows.map(({ verdict }: { verdict: object }) => verdict)).toEqual([first?.verdict, second?.verdict]);
  expect(falseAlarms.asked).toBe(0.1);
});

test('without a calibration, score says how to get a verdict', async () => {
  const { out } = await glow('score', folder, at('0.png'), '--draws', '2');
  expect(out).toContain('for a p-value and a verdict: glow-onnx calibrate, then score with --calibration');
  expect(out.match(/bits\/dim: mean of 2 draws of noise/g)).toHaveLength(1);
});

test('the lines of --out have verdicts, and another calibration is another scoring', async () => {
  await calibrate('--out', at('d.json'));
  await calibrate('--out', at('e.json'), '--seed', '5');
  const score = (file: string, ...argv: string[]) =>
    glow('score', folder, at('0.png'), '--calibration', at(file), '--out', at('rows.jsonl'), ...argv);
  expect((await score('d.json')).code).toBe(0);
  const [line] = (await readFile(at('rows.jsonl'), 'utf8')).split('\n');
  expect(JSON.parse(line as string).verdict).toMatchObject({ unusual: expect.any(Boolean) });
  expect((await score('d.json', '--resume')).out).toContain('kept');
  for (const argv of [['e.json'], ['d.json', '--false-alarms', '0.2']] as const) {
    expect(await score(...(argv as [string]), '--resume')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--calibration, --false-alarms'),
    });
  }
});

test('--group-by folder counts one image of each folder', async () => {
  const { code, out } = await calibrate(
    '--group-by',
    'folder',
    '--false-alarms',
    '0.2',
    '--out',
    at('g.json'),
  );
  expect(code).toBe(0);
  expect(out).toContain('groups        12: 3 for reference, 9 to compare with');
  expect(parseCalibration(await readFile(at('g.json')))).toMatchObject({ grouped: true });
});

test('wrong calls are explained, and leave no file', async () => {
  await writeFile(at('none.json'), '{}');
  const score = (...argv: string[]) => glow('score', folder, at('0.png'), ...argv);
  const cases: [Promise<{ code: number; err: string }>, number, string][] = [
    [
      calibrate('--false-alarms', '0.01', '--out', at('x.json')),
      1,
      'needs 99 images to compare with, so at least 131',
    ],
    [calibrate('--false-alarms', '2', '--out', at('x.json')), 2, 'It must be a rate between 0 and 1'],
    [
      calibrate('--statistics', 'beauty', '--out', at('x.json')),
      2,
      'It must be some of density, excess, levels',
    ],
    [calibrate('--out', at('none.json')), 1, 'none.json exists; pass --force'],
    [calibrate('--out', at('x.json'), at('none.json')), 1, '1 of 25 images failed'],
    [score('--calibration', at('none.json')), 1, 'expected the format "glow-calibration"'],
    [score('--calibration', at('gone.json')), 1, 'gone.json'],
    [score('--false-alarms', '0.1'), 1, '--false-alarms is about verdicts; pass --calibration too'],
  ];
  await calibrate('--out', at('y.json'));
  cases.push([score('--calibration', at('y.json'), '--out', at('y.json'), '--force'), 1, 'y.json']);
  cases.push([
    score('--calibration', at('y.json'), '--draws', '3'),
    1,
    'calibration: it was made with draws 2, not 3; leave draws out, or calibrate again',
  ]);
  for (const [run, code, message] of cases) {
    expect(await run).toMatchObject({ code, err: expect.stringContaining(message) });
  }
  await expect(readFile(at('x.json'))).rejects.toThrow('ENOENT');
  parseCalibration(await readFile(at('y.json'))); // it was not replaced
});

test('surprise is the maximum of the map, and gradient the length of the gradient, at the first draw', async () => {
  const calibration = await model.calibrate(many, {
    ...{ draws: 2, falseAlarms: 0.1, statistics: ['surprise', 'gradient'] },
  });
  expect(Object.keys(calibration.scores)).toEqual(['surprise', 'gradient']);
  for (const image of images) {
    const [score] = await model.score(image, { calibration });
    const [map] = await model.surprise(image, { draws: 1 });
    const { x } = toModel(image, config.bits, createRandom(0, streamOf(image, config.bits)).uniform);
    const { gradient } = await model.logProbGradient({ shape: [3, 8, 8], data: x });
    const found = score?.verdict?.statistics;
    expect(found?.surprise?.value).toBeCloseTo(Math.max(...(map?.map.data ?? [])), 3);
    const norm = Math.sqrt((gradient[0]?.data ?? []).reduce((sum, each) => sum + each * each, 0));
    expect((found?.gradient?.value as number) / norm).toBeCloseTo(1, 4);
  }
  await expect(model.score([images[0] as RawImage, Uint8Array.of(1)], { calibration })).rejects.toThrow(
    'score: 1 of 2 images failed: images[1]',
  );
});

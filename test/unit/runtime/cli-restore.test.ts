import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RawImage, writePng } from '@glow-onnx/runtime/node';
import { glow } from '../../support/glow-command.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

let fixture: ModelFixture;
let folder: string;
const image = (value: (i: number) => number): RawImage => ({
  data: Uint8Array.from({ length: 192 }, (_, i) => value(i)),
  ...{ height: 8, width: 8, channels: 3 },
});

beforeAll(async () => {
  fixture = await writeModelFixture(tinyConfig(), 3);
  folder = fixture.directory;
  for (const name of ['in', 'masks']) mkdirSync(join(folder, name));
  for (const name of ['a', 'b']) {
    await writePng(
      join(folder, 'in', `${name}.png`),
      image((i) => (i * 7) % 256),
    );
    await writePng(
      join(folder, 'masks', `${name}.png`),
      image((i) => (i % 24 < 12 ? 255 : 0)),
    );
  }
}, 60_000);
afterAll(() => fixture.remove());

const at = (name: string) => join(folder, name);

test('inpaint completes a folder with a folder of masks, as often as asked', async () => {
  const out = at('completed');
  const args = [
    'inpaint',
    folder,
    at('in'),
    at('masks'),
    '--samples',
    '2',
    '--steps',
    '2',
    '--out',
    out,
    '--json',
  ];
  const { code, out: text } = await glow(...args);
  expect(code).toBe(0);
  for (const name of ['a-1', 'a-2', 'b-1', 'b-2']) expect(existsSync(join(out, `${name}.png`))).toBe(true);
  expect(JSON.parse(text).restored).toHaveLength(2);
});

test('a grid counts its images', async () => {
  const args = [
    folder,
    at('in/a.png'),
    at('masks/a.png'),
    '--samples',
    '2',
    '--steps',
    '2',
    '--out',
    at('grid.png'),
  ];
  expect((await glow('inpaint', ...args)).out).toContain('wrote 2 images to');
});

test('inpaint does not write into the folder of its masks', async () => {
  const before = readFileSync(join(at('masks'), 'a.png'));
  const { code, err } = await glow('inpaint', folder, at('in'), at('masks'), '--out', at('masks'), '--force');
  expect(code).toBe(1);
  expect(err).toContain('whose images are read');
  expect(readFileSync(join(at('masks'), 'a.png'))).toEqual(before);
});

test.each([
  [['denoise', 'IN', '--sigma', '2', '--out', 'x.png'], 'It must be a number from 0.001 to 1.'],
  [['enlarge', 'IN', '--factor', '3', '--out', 'x.png'], 'It must be 2 or 4.'],
  [['inpaint', 'IN', 'IN', '--temperature', '-1', '--out', 'x.png'], 'It must be a number from 0 to 10.'],
])('%j is wrong usage', async ([name, ...args], message) => {
  const { code, err } = await glow(
    name as string,
    folder,
    ...args.map((arg) => (arg === 'IN' ? at('in') : arg)),
  );
  expect(code).toBe(2);
  expect(err).toContain(message);
});

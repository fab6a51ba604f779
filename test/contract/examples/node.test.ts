import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checksumOf } from '@glow-onnx/flow/manifest';
import sharp from 'sharp';
import { runSnippet } from '../../support/run-snippet.js';
import { readSnippets } from '../../support/snippets.js';

const root = join(__dirname, '../../..');
const scripts = readdirSync(join(root, 'examples/node')).filter((name) => name.endsWith('.mjs'));

/** The repository as a reader of the README sees it, with an `out/` of its own; in the repository for its packages. */
let folder: string;
beforeAll(() => {
  mkdirSync(join(root, 'out'), { recursive: true });
  folder = mkdtempSync(join(root, 'out/examples-node-'));
  for (const part of ['examples', 'models']) symlinkSync(join(root, part), join(folder, part));
});
afterAll(() => rmSync(folder, { recursive: true }));

function runScript(name: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/node/${name}.mjs`, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** One picture of a grid that a script wrote, its pixels enlarged by `scale`, `scale` white ones in between. */
function cellOf(file: string, column: number, row: number, scale: number): Promise<Buffer> {
  const region = { left: 33 * scale * column, top: 33 * scale * row, width: 32 * scale, height: 32 * scale };
  return sharp(join(folder, file)).extract(region).resize(32, 32, { kernel: 'nearest' }).raw().toBuffer();
}

const picture = (name: string) => `examples/node/pictures/${name}.png`;

/** A shipped picture as a model of 5 bits gives it back. */
async function atFiveBits(name: string) {
  const pixels = await sharp(join(root, picture(name)))
    .raw()
    .toBuffer();
  return pixels.map((pixel) => Math.round(((pixel >> 3) * 255) / 31));
}

describe('the examples in Node', () => {
  test.each(scripts)('%s has at most 40 lines', (name) => {
    const lines = readFileSync(join(root, 'examples/node', name), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  test.each(readSnippets(join(root, 'examples/node/README.md')))('README line $line runs', (snippet) =>
    runSnippet(snippet, folder),
  );

  test('samples depend on seed and temperature, and on nothing else', async () => {
    const draw = async (...args: string[]) => {
      expect(runScript('sample', '--count', '2', ...args)).toMatchObject({ status: 0, stderr: '' });
      return sharp(join(folder, 'out/sample.png')).raw().toBuffer({ resolveWithObject: true });
    };
    const first = await draw('--seed', '5');
    expect(first.info).toMatchObject({ width: 2 * 132 - 4, height: 128, channels: 3 });
    expect((await draw('--seed', '5')).data.equals(first.data)).toBe(true);
    expect((await draw('--seed', '6')).data.equals(first.data)).toBe(false);
    await draw('--temperature', '0');
    const [left, right] = [await cellOf('out/sample.png', 0, 0, 4), await cellOf('out/sample.png', 1, 0, 4)];
    expect(left.equals(right)).toBe(true);
  });

  test('encode-decode gives every pixel back, and a changed level shows in its column', async () => {
    const { status } = runScript('encode-decode', picture('ada'), picture('cat'), '--keep', '0.5');
    expect(status).toBe(0);
    for (const [row, name] of ['ada', 'cat'].entries()) {
      const cells = await Promise.all(
        [0, 1, 2, 3].map((column) => cellOf('out/encode-decode.png', column, row, 4)),
      );
      expect(cells[0]).toEqual(await atFiveBits(name));
      expect(new Set(cells.map((cell) => cell.toString('hex'))).size).toBe(4);
    }
  });

  test('encode-decode takes a photograph of any size and format', async () => {
    const photo = join(folder, 'out/photo.jpg');
    await sharp({ create: { width: 61, height: 40, channels: 3, background: '#468' } }).toFile(photo);
    expect(runScript('encode-decode', photo).stdout).toContain('0 of 3072 values differ');
  });

  test('attributes begin at the picture itself and go on where the last change ended', async () => {
    const own = ['--add', 'own=0.3', '--with', picture('ada'), '--without', picture('dan')];
    expect(runScript('attributes', picture('ben'), '--add', 'mouth=1', ...own)).toMatchObject({
      stderr: '',
    });
    const [start, mouth, next, end] = await Promise.all(
      [
        [0, 0],
        [4, 0],
        [0, 1],
        [4, 1],
      ].map(([x, y]) => cellOf('out/attributes.png', x as number, y as number, 6)),
    );
    expect(start).toEqual(await atFiveBits('ben'));
    expect(mouth).not.toEqual(start);
    expect(next).toEqual(mouth);
    expect(end).not.toEqual(next);
  });

  test.each(['linear', 'spherical'])('a %s morph begins and ends with its pictures', async (mode) => {
    expect(runScript('morph', picture('ada'), picture('dan'), '--steps', '4', '--mode', mode).status).toBe(0);
    expect(await cellOf('out/morph.png', 0, 0, 4)).toEqual(await atFiveBits('ada'));
    expect(await cellOf('out/morph.png', 3, 0, 4)).toEqual(await atFiveBits('dan'));
  });

  test('watch-folder judges each new picture once, and one that was broken again when it changes', async () => {
    const incoming = join(folder, 'out/incoming');
    mkdirSync(incoming, { recursive: true });
    const put = (name: string, as = name) =>
      copyFileSync(join(root, picture(name)), join(incoming, `${as}.png`));
    put('ben');
    const child = spawn(process.execPath, ['examples/node/watch-folder.mjs', incoming], {
      ...{ cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const next = async () => (await once(lines, 'line'))[0] as string;
    try {
      expect(await next()).toBe(`watching ${incoming}`);
      const good = next();
      put('ada');
      expect(await good).toMatch(/^ada\.png: good, brightest pixel \d+\.\d bits$/);
      const strange = next();
      put('cat');
      expect(await strange).toMatch(/^cat\.png: check, brightest pixel \d+\.\d bits$/);
      const torn = next();
      writeFileSync(join(incoming, 'late.png'), readFileSync(join(root, picture('cleo'))).subarray(0, 60));
      expect(await torn).toMatch(/^late\.png: .*late\.png/);
      const whole = next();
      put('cleo', 'late');
      expect(await whole).toMatch(/^late\.png: good/);
    } finally {
      child.kill();
    }
  }, 120_000);

  test('watch-folder says which calibration it cannot read', () => {
    const { status, stderr } = runScript('watch-folder', '--calibration', 'models/faces/config.json');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^calibration: .+\n$/);
  });

  test('watch-folder says that a model without a histogram needs a calibration', () => {
    const own = join(folder, 'out/no-histogram');
    mkdirSync(own, { recursive: true });
    const text = readFileSync(join(root, 'models/faces/manifest.json'), 'utf8');
    const { checksum: _, ...facts } = JSON.parse(text);
    for (const { path } of facts.files) cpSync(join(root, 'models/faces', path), join(own, path));
    delete facts.training.histogram;
    writeFileSync(join(own, 'manifest.json'), JSON.stringify({ ...facts, checksum: checksumOf(facts) }));
    const { status, stderr } = runScript('watch-folder', own, '--model', own);
    expect([status, stderr]).toEqual([1, 'this model needs --calibration\n']);
  });

  test.each([
    ['watch-folder', ['nowhere'], 'nowhere'],
    ['sample', ['--count', 'many'], 'sample: count must be an integer from 0 on, got NaN'],
    ['sample', ['--count', '0'], '--count: expected at least 1, got 0'],
    ['sample', ['--model', 'nowhere'], 'nowhere: no manifest.json found; this folder does not exist; pass'],
    ['sample', ['--colour'], "Unknown option '--colour'"],
    ['encode-decode', ['nobody.png'], 'nobody.png: the image cannot be read: no such file or folder'],
    ['encode-decode', ['examples/node/README.md'], 'expected a PNG, JPEG or WebP'],
    ['encode-decode', ['--keep', 'most', 'nobody.png'], '--keep: expected a number, got most'],
    ['attributes', ['--add', 'moustache=1'], '--add moustache=1: expected NAME=STRENGTH (background,beard,'],
    ['attributes', ['--add', 'mouth'], '--add mouth: expected NAME=STRENGTH (background,beard,'],
    ['attributes', ['nobody.png'], 'nobody.png: the image cannot be read: no such file or folder'],
    ['attributes', ['--add', 'mouth=dark'], 'strength must be a finite number, got NaN'],
    ['attributes', ['--add', 'own=1'], '; own needs --with)'],
    ['morph', ['nobody.png', picture('ada')], 'nobody.png: the image cannot be read: no such file or folder'],
    ['morph', ['examples/node/pictures/ada.png'], 'expected two image files, got 1'],
    ['morph', ['--mode', 'crooked'], 'mode must be "linear" or "spherical", got "crooked"'],
    ['is-it-one-of-us', ['package.json'], 'package.json: the image cannot be read'],
  ])('%s %j is one clear line and an exit code', (name, args, message) => {
    const { status, stderr } = runScript(name, ...args);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

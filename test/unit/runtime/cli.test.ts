import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, createRandom } from '@glow-onnx/flow';
import { parseSafetensors } from '@glow-onnx/flow/internal';
import { type GlowModel, loadGlow, loadLatents, type RawImage, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { main } from '../../../packages/runtime/src/cli/main.js';
import { progressOn } from '../../../packages/runtime/src/cli/progress.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';

const config = createConfig({
  channels: 3,
  height: 8,
  width: 8,
  levels: 2,
  steps: 2,
  hiddenChannels: 8,
  bits: 5,
});
let fixture: ModelFixture;
let model: GlowModel;
let work: string;
let folder: string;
let images: RawImage[];

beforeAll(async () => {
  fixture = await writeModelFixture(config, 17);
  folder = fixture.directory;
  model = await loadGlow(folder);
  work = await mkdtemp(join(tmpdir(), 'glow-cli-'));
  images = [0, 1].map((index) => {
    const random = createRandom(19, index);
    const data = Uint8Array.from({ length: 192 }, () => random.below(256));
    return { data, height: 8, width: 8, channels: 3 };
  });
  for (const [i, image] of images.entries()) await writePng(at(`${i}.png`), image);
});
afterAll(async () => {
  await model.dispose();
  await fixture.remove();
  await rm(work, { recursive: true });
});

const at = (name: string) => join(work, name);
const bins = (data: Uint8Array) => [...data].map((p) => p >> 3);
async function pixels(path: string): Promise<Uint8Array> {
  return sharp(path).raw().toBuffer();
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process. */
const glow = (...argv: string[]): Promise<Outcome> => glowUntil(undefined, ...argv);
async function glowUntil(signal: AbortSignal | undefined, ...argv: string[]): Promise<Outcome> {
  let [out, err] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const code = await main(argv, '1.2.3', terminal, signal);
  return { code, out, err };
}

test('encode and decode give the same pixels back', async () => {
  const encoded = await glow(
    'encode',
    folder,
    at('0.png'),
    at('1.png'),
    '--out',
    at('z.safetensors'),
    '--json',
  );
  expect(encoded).toMatchObject({ code: 0, err: '' });
  const { logProb } = await model.encode(images);
  expect(JSON.parse(encoded.out).images).toEqual([
    { image: at('0.png'), logProb: logProb[0] },
    { image: at('1.png'), logProb: logProb[1] },
  ]);
  const { tensors, metadata } = parseSafetensors(await readFile(at('z.safetensors')));
  expect(Object.entries(tensors).map(([name, { shape }]) => [name, shape])).toEqual([
    ['log_prob', [2]],
    ['z0', [2, 6, 4, 4]],
    ['z1', [2, 24, 2, 2]],
  ]);
  expect(JSON.parse(metadata.images as string)).toEqual([at('0.png'), at('1.png')]);

  const decoded = await glow('decode', folder, at('z.safetensors'), '--out', at('decoded'));
  expect(decoded).toEqual({ code: 0, err: '', out: `wrote 2 images to ${at('decoded')}\n` });
  for (const [i, { data }] of images.entries()) {
    expect(bins(await pixels(at(`decoded/image-00${i}.png`)))).toEqual(bins(data));
  }
});

test("decode takes the model folder's golden file", async () => {
  const { code } = await glow('decode', folder, join(folder, 'golden.safetensors'), '--out', at('golden'));
  expect(code).toBe(0);
});

test('sample writes one picture, enlarged, or a folder of plain ones', async () => {
  const flags = ['--count', '3', '--seed', '5', '--temperature', '0.8'];
  expect((await glow('sample', folder, ...flags, '--out', at('grid.png'), '--columns', '3')).code).toBe(0);
  // 8 pixels enlarged to 128, twice a gap of 4.
  expect(await sharp(at('grid.png')).metadata()).toMatchObject({
    width: 3 * 128 + 8,
    height: 128,
    channels: 3,
  });
  const { code, out } = await glow('sample', folder, ...flags, '--out', at('samples'), '--json');
  expect(code).toBe(0);
  const { images: paths } = JSON.parse(out);
  const expected = await model.sample({ count: 3, seed: 5, temperature: 0.8 });
  expect(paths).toHaveLength(3);
  for (const [i, path] of paths.entries())
    expect(await pixels(path)).toEqual(Buffer.from((expected[i] as RawImage).data));
});

test('interpolate draws a strip whose ends are the pictures', async () => {
  const flags = ['--steps', '3', '--scale', '1', '--mode', 'spherical', '--out', at('strip.png')];
  expect(await glow('interpolate', folder, at('0.png'), at('1.png'), ...flags)).toMatchObject({
    code: 0,
    err: '',
  });
  const width = 3 * 8 + 2 * 4;
  expect(await sharp(at('strip.png')).metadata()).toMatchObject({ width, height: 8 });
  const part = (left: number) =>
    sharp(at('strip.png')).extract({ left, top: 0, width: 8, height: 8 }).raw().toBuffer();
  expect(bins(await part(0))).toEqual(bins(images[0]?.data as Uint8Array));
  expect(bins(await part(width - 8))).toEqual(bins(images[1]?.data as Uint8Array));
});

test('score tells what the model and a compressor make of pictures, for people and for scripts', async () => {
  const scores = await model.score(images, { draws: 2, seed: 3 });
  const bitsPerDim = scores.map((each) => each.bitsPerDim) as [number, number];
  const flags = ['--draws', '2', '--seed', '3'];
  const { out } = await glow('score', folder, at('0.png'), at('1.png'), ...flags, '--json');
  expect(JSON.parse(out)).toEqual({
    draws: 2,
    seed: 3,
    mean: (bitsPerDim[0] + bitsPerDim[1]) / 2,
    images: scores.map((score, i) => ({ image: at(`${i}.png`), ...score })),
  });
  const table = (await glow('score', folder, at('0.png'), at('1.png'), ...flags)).out.split('\n');
  expect(table[0]).toMatch(/^image +bits\/dim +percentile +typicality +complexity +excess$/);
  expect(table[1]).toContain(bitsPerDim[0].toFixed(4));
  expect(table[1]).toMatch(/ - +- /);
  expect(table[3]).toMatch(/^mean +\d+\.\d{4}$/);
  expect(table[5]).toBe('this model has no training histogram, so percentile and typicality are unknown');
});

test('mix takes levels of the second picture', async () => {
  const flags = ['--levels', '1', '--out', at('mixed')];
  expect(await glow('mix', folder, at('0.png'), at('1.png'), ...flags)).toMatchObject({ code: 0, err: '' });
  const { data } = await model.mix(at('0.png'), at('1.png'), [1]);
  expect(await pixels(at('mixed/0.png'))).toEqual(Buffer.from(data));
});

describe('folders of pictures', () => {
  beforeAll(async () => {
    for (const [i, image] of images.entries()) await writePng(at(`album/${i ? 'b/' : ''}${i}.png`), image);
    await writeFile(at('album/notes.txt'), 'no picture');
    await writeFile(at('album/.hidden.png'), 'no picture');
  });

  test('are taken for the pictures in them, in the order of their paths', async () => {
    const { out, err } = await glow('reconstruct', folder, at('album'), '--out', at('seen'), '--json');
    expect(err).toBe('');
    expect(JSON.parse(out).images).toEqual([at('seen/0.png'), at('seen/1.png')]);
    for (const [i, { data }] of images.entries()) {
      expect(bins(await pixels(at(`seen/${i}.png`)))).toEqual(bins(data));
    }
  });

  test('give a direction, which edits pictures', async () => {
    const [withIt, without] = [at('album/b'), at('0.png')];
    const file = at('it.safetensors');
    const found = await glow(
      'attribute',
      'find',
      folder,
      '--with',
      withIt,
      '--without',
      without,
      '--out',
      file,
    );
    expect(found).toEqual({
      code: 0,
      err: '',
      out: `wrote ${file}: direction from 1 image without the attribute to 1 with it\n`,
    });
    const flags = ['--strength', '1', '--out', at('edited')];
    expect((await glow('attribute', 'apply', folder, file, at('0.png'), ...flags)).code).toBe(0);
    // One picture on each side: the direction leads from one to the other.
    expect(bins(await pixels(at('edited/0.png')))).toEqual(bins(images[1]?.data as Uint8Array));
    const levels = ['--strength', '0,0', '--out', at('same')];
    expect((await glow('attribute', 'apply', folder, file, at('album'), ...levels)).code).toBe(0);
    expect(bins(await pixels(at('same/0.png')))).toEqual(bins(images[0]?.data as Uint8Array));
  });

  test('without pictures are one clear line', async () => {
    await mkdir(at('empty'));
    expect(await glow('score', folder, at('empty'))).toEqual({
      code: 1,
      out: '',
      err: `glow: ${at('empty')}: no images in this folder; expected files named .png, .jpg, .jpeg or .webp\n`,
    });
  });

  test('with one that fails give the others, name it, and fail', async () => {
    await writePng(at('mixed-sizes/odd.png'), { data: new Uint8Array(72), height: 6, width: 4, channels: 3 });
    await writePng(at('mixed-sizes/good.png'), images[0] as RawImage);
    const reason =
      /^glow: 1 of 2 images failed: .*odd\.png: image 6×4 cannot pass .*; pass --fit resize, crop or pad\n$/;
    const scored = await glow('score', folder, at('mixed-sizes'), '--json');
    expect(scored).toMatchObject({ code: 1, err: expect.stringMatching(reason) });
    expect(JSON.parse(scored.out).images.map(({ image }: { image: string }) => image)).toEqual([
      at('mixed-sizes/good.png'),
    ]);
    const encoded = await glow('encode', folder, at('mixed-sizes'), '--out', at('some.safetensors'));
    expect(encoded).toMatchObject({ code: 1, err: expect.stringMatching(reason) });
    const { names, z } = loadLatents(model, await readFile(at('some.safetensors')));
    expect([names, z.length]).toEqual([[at('mixed-sizes/good.png')], 1]);
  });
});

describe('a class-conditional model', () => {
  let conditional: ModelFixture;
  beforeAll(async () => {
    conditional = await writeModelFixture(createConfig({ ...config, prior: 'learned', classes: 2 }), 5);
    const path = join(conditional.directory, 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...manifest, training: { classNames: ['cat', 'dog'] } }));
  });
  afterAll(() => conditional.remove());

  test('takes a class by name or number', async () => {
    const draw = async (label: string) => {
      const flags = ['--count', '1', '--label', label, '--out', at(`class-${label}`)];
      expect(await glow('sample', conditional.directory, ...flags)).toMatchObject({ code: 0, err: '' });
      return pixels(at(`class-${label}/image-000.png`));
    };
    const [cat, dog, one] = [await draw('cat'), await draw('dog'), await draw('1')];
    expect(one).toEqual(dog);
    expect(cat).not.toEqual(dog);
  });

  test('says which classes there are', async () => {
    const wrong = 'this model needs an integer from 0 to 1 or one of "cat", "dog"';
    const flags = ['--out', at('class.png')];
    expect((await glow('sample', conditional.directory, ...flags, '--label', 'cow')).err).toBe(
      `glow: --label: ${wrong}, got "cow"\n`,
    );
    expect((await glow('sample', conditional.directory, ...flags)).err).toBe(
      `glow: --label: ${wrong}, got undefined\n`,
    );
  });
});

test('latents of another model are refused by the name of their file', async () => {
  const other = await writeModelFixture(config, 18);
  await glow('encode', other.directory, at('0.png'), '--out', at('other.safetensors'));
  await other.remove();
  const { code, err } = await glow('decode', folder, at('other.safetensors'), '--out', at('foreign'));
  expect(code).toBe(1);
  expect(err).toMatch(/^glow: .*other\.safetensors: latents: they belong to the model with weights /);
});

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

  test('by Ctrl-C does so, as built', async () => {
    const flags = ['--count', '300000', '--out', at('never')];
    const interrupted = async (afterMs: number) => {
      const run = spawn(process.execPath, ['packages/runtime/bin/glow.js', 'sample', folder, ...flags]);
      let err = '';
      run.stderr.on('data', (data) => (err += data));
      setTimeout(() => run.kill('SIGINT'), afterMs);
      const [code, signal] = await once(run, 'exit');
      return { code, signal, err };
    };
    // Killed where a slow machine had not yet started it: wait longer.
    let outcome = await interrupted(2000);
    if (outcome.signal) outcome = await interrupted(15_000);
    // After a while it tells how far it is.
    const err = expect.stringMatching(/^(glow: \d+ of 300000 images\n)*glow: interrupted\n$/);
    expect(outcome).toEqual({ code: 130, signal: null, err });
    expect(await readdir(work)).not.toContain('never');
  });
});

test('a long run tells its progress: over one line in a terminal, now and then in a log', () => {
  const told = (isTTY: boolean) => {
    let [time, text] = [0, ''];
    const { onProgress, end } = progressOn({ isTTY, write: (part: string) => (text += part) }, () => time);
    for (let done = 1; done <= 25; done++) {
      time += 1000;
      onProgress({ done, total: 25 });
    }
    end();
    return text;
  };
  expect(told(false)).toBe('glow: 10 of 25 images\nglow: 20 of 25 images\n');
  const lines = Array.from({ length: 24 }, (_, i) => `${i + 2} of 25 images`);
  expect(told(true)).toBe(`\r${lines.join('\r')}\r\u001b[K`);
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

test('nothing is overwritten without --force', async () => {
  await writeFile(at('kept.png'), 'kept');
  const sample = ['sample', folder, '--count', '1', '--out', at('kept.png')];
  expect(await glow(...sample)).toEqual({
    code: 1,
    out: '',
    err: `glow: ${at('kept.png')} exists already; choose another --out or pass --force\n`,
  });
  expect(await readFile(at('kept.png'), 'utf8')).toBe('kept');
  expect((await glow(...sample, '--force')).code).toBe(0);
  expect((await sharp(at('kept.png')).metadata()).format).toBe('png');
});

test.each<[string, () => string[], number, RegExp]>([
  ['an unknown command', () => ['encod'], 2, /unknown command 'encod'/],
  ['no command', () => [], 2, /Usage: glow/],
  ['a missing --out', () => ['sample', folder], 2, /required option '--out <path>' not specified/],
  [
    'a count of zero',
    () => ['sample', folder, '--out', 'x', '--count', '0'],
    2,
    /must be an integer from 1 to 1000000/,
  ],
  [
    'a mode that is none',
    () => ['interpolate', folder, 'a', 'b', '--out', 'x', '--mode', 'x'],
    2,
    /Allowed choices/,
  ],
  ['no model folder', () => ['info', at('none')], 1, /^glow: .*none: no manifest\.json found; .*\n$/],
  [
    'a missing picture',
    () => ['score', folder, at('no.png')],
    1,
    /^glow: .*no\.png: the image cannot be read: .*\n$/,
  ],
  [
    'latents that are none',
    () => ['decode', folder, at('0.png'), '--out', at('y')],
    1,
    /^glow: .*0\.png: safetensors: .*\n$/,
  ],
  [
    'a label for no classes',
    () => ['sample', folder, '--out', at('y.png'), '--label', '1'],
    1,
    /^glow: --label: this model has no classes; leave the label out\n$/,
  ],
  [
    'a height that cannot be',
    () => ['sample', folder, '--out', at('y.png'), '--height', '6'],
    1,
    /^glow: --height must be divisible by 4, got 6\n$/,
  ],
  [
    'more pictures than memory should hold',
    () => ['sample', folder, '--out', at('y.png'), '--count', '100', '--height', '4096', '--width', '4096'],
    1,
    /^glow: --count: 100 images of 4096×4096 are more than 1 GiB; draw at most 21 at once\n$/,
  ],
  ['a scale beyond bounds', () => ['sample', folder, '--out', 'x', '--scale', '65'], 2, /from 1 to 64/],
  [
    'temperatures for other levels',
    () => ['sample', folder, '--out', at('y.png'), '--temperature', '1,1,1'],
    1,
    /^glow: --temperature must be one number or 2 numbers, one for each level, got 1,1,1\n$/,
  ],
  [
    'a level that is none',
    () => ['mix', folder, at('0.png'), at('1.png'), '--out', at('y.png'), '--levels', '2'],
    1,
    /^glow: --levels must be integers from 0, the finest, to 1, got 2\n$/,
  ],
  [
    'a precision that the folder lacks',
    () => ['sample', folder, '--out', at('y.png'), '--precision', 'fp16'],
    1,
    /^glow: .* has no precision "fp16" \(it has: fp32\)\n$/,
  ],
  [
    'a picture that is no PNG to write',
    () => ['sample', folder, '--out', at('y.jpg')],
    1,
    /^glow: --out: expected FILE\.png for one grid of all images, or a folder, got .*y\.jpg\n$/,
  ],
  [
    'two pictures of one name to write',
    () => ['reconstruct', folder, at('0.png'), at('album/0.png'), '--out', at('twice')],
    1,
    /^glow: --out: two images would be written to .*0\.png; run the command for each folder, with another --out\n$/,
  ],
  [
    'latents of several as a direction',
    () => ['attribute', 'apply', folder, at('z.safetensors'), at('0.png'), '--out', at('y.png')],
    1,
    /^glow: .*z\.safetensors: expected a direction, got 2 latents; make a direction with glow attribute find\n$/,
  ],
])('%s is one clear line and an exit code', async (_, argv, code, message) => {
  const before = await readdir(work);
  const result = await glow(...argv());
  expect(result).toMatchObject({ code, out: '' });
  expect(result.err).toMatch(message);
  expect(await readdir(work)).toEqual(before);
});

test('--help and --version are no errors', async () => {
  expect(await glow('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  expect((await glow('sample', '--help')).out).toContain('--temperature <t>');
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

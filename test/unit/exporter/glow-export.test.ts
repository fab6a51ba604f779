import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createGlow, encodeCheckpoint, parseCheckpoint } from '@glow-onnx/flow';
import { parseSafetensors } from '@glow-onnx/flow/internal';
import { writePng } from '@glow-onnx/runtime/node';
import { glowExport as run } from '../../support/glow-export.js';
import { readGolden } from '../../support/golden-files.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { checkpoint, config, temporaryFolder } from './fixture.js';

const at = temporaryFolder();

describe('glow-export', () => {
  const save = () => {
    writeFileSync(at('best.safetensors'), encodeCheckpoint(checkpoint));
    return at('best.safetensors');
  };

  test('turns a checkpoint into a model folder and says what it measured', async () => {
    const { code, out, err } = await run(save(), '--out', at('model'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^3×8×16, 5 bits, 2 levels × 2 steps.*\nclaim .*\n(.* cpu +fp32 +[\d.e-]+ +[\d.e-]+ +yes\n){4}step .*\n(levels.*\n){4}wrote .*model: 7 files/,
    );
  });

  test('prints JSON when asked to', async () => {
    const { out } = await run(save(), '--out', at('model'), '--json', '--single-file');
    expect(JSON.parse(out)).toMatchObject({
      out: at('model'),
      config,
      measured: [{ device: 'cpu' }, {}, {}, {}],
    });
  });

  test.each<[string, string[], number, RegExp]>([
    ['no --out', ['x.safetensors'], 2, /required option '--out <dir>'/],
    [
      'a layout that is not known',
      ['x', '--out', 'y', '--from', 'keras'],
      2,
      /Allowed choices are tutorial, port/,
    ],
    ['a size that is none', ['x', '--out', 'y', '--size', '32'], 2, /HEIGHTxWIDTH/],
    [
      'a missing file',
      ['/nowhere/x', '--out', '/nowhere/y'],
      1,
      /^glow-export: \/nowhere\/x cannot be read: no such file or folder \(ENOENT\)\n$/,
    ],
    [
      'bits that no pixel has',
      ['x', '--out', 'y', '--from', 'port', '--bits', '12'],
      2,
      /It must be an integer from 1 to 8/,
    ],
    [
      '--bits of a checkpoint',
      ['x', '--out', 'y', '--bits', '5'],
      1,
      /--bits, --size and --weights are for weights of/,
    ],
  ])('with %s fails in one line', async (_, argv, code, message) => {
    const result = await run(...argv);
    expect(result.code).toBe(code);
    expect(result.err).toMatch(message);
    expect(result.out).toBe('');
  });

  test('says what it had to assume of an import', async () => {
    writeFileSync(at('weights'), readGolden('port-rgb-8x8-l2-k2-affine').bytes);
    const assumed = await run(at('weights'), '--from', 'port', '--out', at('a'));
    expect(assumed.out).toMatch(
      /^assumed, because the weights do not state it: 5 bits \(--bits\), training images of 32x32 \(--size\)\nnot part of the flow, left out: x, .*\n3×32×32, 5 bits/,
    );
    const told = await run(at('weights'), '--from', 'port', '--out', at('b'), '--bits', '5', '--size', '8x8');
    expect(told.out).toMatch(/^not part of the flow.*\n3×8×8, 5 bits/);
  });

  test('import does not write over a file unless forced, and never over what it reads', async () => {
    const { bytes } = readGolden('port-rgb-8x8-l2-k2-affine');
    for (const name of ['weights', 'other', 'map']) writeFileSync(at(name), bytes);
    const argv = ['import', at('weights'), '--from', 'port', '--out'];
    const refused = await run(...argv, at('other'));
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/other exists; pass --force/);
    expect((await run(...argv, at('other'), '--force')).code).toBe(0);
    expect(parseCheckpoint(readFileSync(at('other'))).config.levels).toBe(2);
    for (const [out, ...flags] of [['weights'], ['weights', '--template'], ['map', '--map', at('map')]]) {
      const { code, err } = await run(...argv, at(out as string), '--force', ...flags);
      expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('is read by this command') });
      expect(readFileSync(at(out as string)).equals(bytes)).toBe(true);
    }
  });

  test('import writes over no part of a checkpoint of TensorFlow', async () => {
    const endings = ['.index', '.data-00000-of-00001'];
    for (const ending of endings) {
      copyFileSync(`test/support/imports/openai/affine-invconv.ckpt${ending}`, at(`model.ckpt${ending}`));
    }
    for (const ending of endings) {
      const out = at(`model.ckpt${ending}`);
      const { code, err } = await run('import', at('model.ckpt'), '--out', out, '--force');
      expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('is read by this command') });
    }
  });

  test('says that it takes eight pictures of more', async () => {
    const picture = { data: new Uint8Array(3 * 8 * 16), width: 16, height: 8, channels: 3 };
    for (let i = 0; i < 9; i++) await writePng(at('pictures', `${i}.png`), picture);
    const { out } = await run(save(), '--out', at('model'), '--images', at('pictures'));
    expect(out).toContain('\ngolden values: the first 8 of 9 images\nclaim ');
    const none = await run(save(), '--out', at('other'), '--images', at('nowhere'));
    expect(none.err).toMatch(/images: .*nowhere does not exist\n$/);
  });

  test('takes pictures of folders as training does, and says what it left out', async () => {
    const grey = (level: number) => {
      return { data: new Uint8Array(3 * 8 * 16).fill(level), width: 16, height: 8, channels: 3 };
    };
    await writePng(at('elsewhere', 'img2.png'), grey(20));
    for (const [name, level] of Object.entries({ 'img10.png': 10, '.hidden.png': 90, 'sub/1.png': 30 })) {
      await writePng(at('pictures', name), grey(level));
    }
    symlinkSync(at('elsewhere', 'img2.png'), at('pictures', 'img2.png'));
    writeFileSync(at('pictures', 'old.bmp'), '');
    const { out } = await run(save(), '--out', at('model'), '--images', at('pictures'));
    expect(out).toContain(
      `\nleft out: 1 hidden (${at('pictures', '.hidden.png')}), ` +
        `1 .bmp (${at('pictures', 'old.bmp')}; convert to PNG or JPEG)\n`,
    );
    const { tensors } = parseSafetensors(readFileSync(at('model', 'golden.safetensors')));
    const [first, second, third] = [0, 1, 2].map((i) => tensors.x?.data[i * 3 * 8 * 16] as number);
    expect([first, second, third].map((x) => Math.round((Number(x) + 0.5) * 32 - 0.5))).toEqual([2, 1, 3]);
    mkdirSync(at('none'));
    const none = await run(save(), '--out', at('other'), '--images', at('none'));
    expect(none.err).toMatch(
      /none has no images: expected .png, .jpg, .jpeg or .webp files in it or its sub/,
    );
  });

  test('counts one as one', async () => {
    const of = tinyConfig({ levels: 1, steps: 1, bits: 1 });
    const params = randomParams(createGlow(of), 56);
    writeFileSync(at('one'), encodeCheckpoint({ config: of, params, initialised: true }));
    expect((await run(at('one'), '--out', at('model'))).out).toMatch(/1 bit, 1 level × 1 step, /);
  });

  test('rejects a file that is no checkpoint by its name', async () => {
    writeFileSync(at('x'), 'not a checkpoint');
    const { code, err } = await run(at('x'), '--out', at('model'));
    expect(code).toBe(1);
    expect(err).toMatch(/^glow-export: .*x: safetensors: .*\n$/);
    expect(existsSync(at('model'))).toBe(false);
  });
});

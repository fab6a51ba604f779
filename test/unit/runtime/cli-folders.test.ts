import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { loadLatents, type RawImage, writePng } from '@glow-onnx/runtime/node';
import { alterManifest } from '../../support/altered-folder.js';
import { at, bins, folder, glow, images, model, pixels, useGlowCommand } from '../../support/glow-command.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

useGlowCommand();

describe('folders of pictures', () => {
  beforeAll(async () => {
    for (const [i, image] of images.entries()) await writePng(at(`album/${i ? 'b/' : ''}${i}.png`), image);
    await writeFile(at('album/notes.txt'), 'no picture');
    await writeFile(at('album/.hidden.png'), 'no picture');
  });

  test('are taken for the pictures in them, in the order of their paths', async () => {
    const { out, err } = await glow('reconstruct', folder, at('album'), '--out', at('seen'), '--json');
    expect(err).toBe(
      `glow: left out: 1 hidden (${at('album/.hidden.png')}), 1 .txt (${at('album/notes.txt')})\n`,
    );
    const report = JSON.parse(out);
    expect(report.images).toEqual([at('seen/0.png'), at('seen/b/1.png')]);
    expect(report.leftOut).toEqual([
      { file: at('album/.hidden.png'), reason: 'hidden' },
      { file: at('album/notes.txt'), reason: '.txt' },
    ]);
    for (const [i, { data }] of images.entries()) {
      expect(bins(await pixels(at(`seen/${i ? 'b/' : ''}${i}.png`)))).toEqual(bins(data));
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

  test('give each picture its path below what all arguments share, so that equal names do not meet', async () => {
    const [a, b] = [at('pair/a/1.png'), at('pair/b/c/1.png')];
    for (const [i, path] of [a, b].entries()) await writePng(path, images[i] as RawImage);
    const names = async (out: string, ...paths: string[]) => {
      const { code, out: text } = await glow('reconstruct', folder, ...paths, '--out', at(out), '--json');
      expect(code).toBe(0);
      return JSON.parse(text).images;
    };
    expect(await names('pair1', a, b)).toEqual([at('pair1/a/1.png'), at('pair1/b/c/1.png')]);
    expect(await names('pair2', at('pair/a'), at('pair/b'))).toEqual([
      at('pair2/a/1.png'),
      at('pair2/b/c/1.png'),
    ]);
    expect(await names('pair3', at('pair/b'))).toEqual([at('pair3/c/1.png')]);
    expect(await names('pair4', b)).toEqual([at('pair4/1.png')]);
    for (const [i, path] of ['a/1.png', 'b/c/1.png'].entries()) {
      expect(bins(await pixels(at(`pair1/${path}`)))).toEqual(bins(images[i]?.data as Uint8Array));
    }
    await writePng(at('pair/a/1.webp'), images[0] as RawImage);
    const twice = await glow('reconstruct', folder, at('pair/a'), '--out', at('pair5'));
    expect(twice.err).toMatch(
      /two images would be written to .*pair5\/1\.png; rename or leave out one of them/,
    );
  });

  test('do not take what a command writes, also through links', async () => {
    await writePng(at('own/0.png'), images[0] as RawImage);
    await symlink(at('own'), at('link to own'));
    await writePng(at('elsewhere/0.png'), images[1] as RawImage);
    await symlink(at('elsewhere'), at('own/more'));
    const places = [
      at('own'),
      at('own/new/seen'),
      at('own/grid.png'),
      at('link to own/seen'),
      at('elsewhere/x'),
    ];
    for (const out of places) {
      const { code, err } = await glow('reconstruct', folder, at('own'), '--out', out);
      expect({ code, err }).toEqual({
        code: 1,
        err: expect.stringMatching(
          /^glow: --out: .* is inside .*, whose images are read; choose a place outside/,
        ),
      });
    }
    expect((await readdir(at('own'))).sort()).toEqual(['0.png', 'more']);
    const beside = await glow('reconstruct', folder, at('own'), '--out', at('own seen'));
    expect(beside).toMatchObject({ code: 0, err: '' });
    expect(await readdir(at('own seen/more'))).toEqual(['0.png']);
  });

  test('without pictures are one clear line', async () => {
    await mkdir(at('empty'));
    expect(await glow('score', folder, at('empty'))).toEqual({
      code: 1,
      out: '',
      err:
        `glow: ${at('empty')} has no images: expected .png, .jpg, .jpeg or .webp files in it or its subfolders; ` +
        'the folder is empty; pass another folder\n',
    });
    await writeFile(at('empty/IMG_1.HEIC'), '');
    expect((await glow('score', folder, at('empty'))).err).toContain(
      'left out: 1 .heic (IMG_1.HEIC; convert to PNG or JPEG); pass another folder',
    );
  });

  test('with one that fails give the others, name it, and fail', async () => {
    await writePng(at('mixed-sizes/odd.png'), { data: new Uint8Array(72), height: 6, width: 4, channels: 3 });
    await writePng(at('mixed-sizes/good.png'), images[0] as RawImage);
    const reason = 'odd\\.png: image 6×4 cannot pass .*; pass --fit cover, resize, crop or pad\n$';
    const failed = (others = '') =>
      expect.stringMatching(`^glow: 1 of 2 images failed${others}:\n  .*${reason}`);
    const scored = await glow('score', folder, at('mixed-sizes'), '--fit', 'none', '--json');
    expect(scored).toMatchObject({ code: 1, err: failed() });
    expect(JSON.parse(scored.out).images.map(({ image }: { image: string }) => image)).toEqual([
      at('mixed-sizes/good.png'),
    ]);
    const encoded = await glow(
      ...['encode', folder, at('mixed-sizes'), '--fit', 'none', '--out', at('some.safetensors')],
    );
    expect(encoded).toMatchObject({ code: 1, err: failed('; .*some\\.safetensors has the other one') });
    const { names, z } = loadLatents(model, await readFile(at('some.safetensors')));
    expect([names, z.length]).toEqual([[at('mixed-sizes/good.png')], 1]);
  });

  test('with many that fail say why each of the first ten did, and where the others are', async () => {
    await writePng(at('broken/a.png'), images[0] as RawImage);
    await writePng(at('broken/b.png'), images[1] as RawImage);
    for (let i = 1; i <= 12; i++) await writeFile(at(`broken/seed${i}.png`), 'text');
    await writeFile(at('broken/seed.png'), 'text');
    const line = (i: number) => `  ${at(`broken/seed${i || ''}.png`)}: the image cannot be read: `;
    for (const [name, ...flags] of [
      ['encode', '--out', at('broken.safetensors')],
      ['features', '--out', at('broken-features.safetensors')],
      ['reconstruct', '--out', at('broken-out')],
      ['denoise', '--sigma', '0.1', '--steps', '1', '--out', at('broken.png')],
    ]) {
      const { code, err } = await glow(name as string, folder, at('broken'), ...flags);
      const [head, ...lines] = err.trimEnd().split('\n');
      expect([code, head]).toEqual([1, `glow: 13 of 15 images failed; ${flags.at(-1)} has the other 2:`]);
      expect(lines.map((each) => each.slice(0, each.indexOf('expected')))).toEqual([
        ...Array.from({ length: 10 }, (_, i) => line(i)),
        '  and 3 mor',
      ]);
    }
  });

  test('keep a name like an option in an error', async () => {
    const { err } = await glow('score', folder, 'seed.png');
    expect(err).toMatch(/^glow: seed\.png: the image cannot be read: /);
  });
});

describe('a class-conditional model', () => {
  let conditional: ModelFixture;
  beforeAll(async () => {
    conditional = await writeModelFixture(tinyConfig({ prior: 'learned', classes: 2 }), 5);
    const training = { classNames: ['cat', 'dog'] };
    await alterManifest(conditional.directory, (manifest) => ({ ...manifest, training }));
  });
  afterAll(() => conditional.remove());

  test('takes a class by its name', async () => {
    const draw = async (label: string) => {
      const flags = ['--count', '1', '--label', label, '--out', at(`class-${label}`)];
      expect(await glow('sample', conditional.directory, ...flags)).toMatchObject({ code: 0, err: '' });
      return pixels(at(`class-${label}/image-000.png`));
    };
    expect(await draw('cat')).not.toEqual(await draw('dog'));
  });

  test('is described by its classes, and by whose bits/dim training gave', async () => {
    const { directory } = conditional;
    const row = async (name: string) =>
      (await glow('info', directory)).out.match(RegExp(`^${name} .*$`, 'm'))?.[0];
    expect(await row('classes')).toBe('classes   2, named cat, dog');
    const training = { classNames: ['cat', 'dog'], bitsPerDim: 2.295072, validationImages: 1000 };
    await alterManifest(directory, (manifest) => ({ ...manifest, training }));
    const figure = '2.295 bits/dim (uniform bound) of the 1,000 images that choose the best state';
    expect(await row('training')).toBe(`training  ${figure}`);
    await alterManifest(directory, (manifest) => ({ ...manifest, training: null }));
    expect(await row('classes')).toBe('classes   2, named 0 to 1');
    await alterManifest(directory, (manifest) => ({ ...manifest, training: { classNames: ['cat', 'dog'] } }));
  });

  test('says which classes there are', async () => {
    const wrong = 'this model needs one of "cat", "dog"';
    const flags = ['--out', at('class.png')];
    for (const label of ['cow', '1']) {
      expect((await glow('sample', conditional.directory, ...flags, '--label', label)).err).toBe(
        `glow: --label: ${wrong}; got "${label}"\n`,
      );
    }
    expect((await glow('sample', conditional.directory, ...flags)).err).toBe(
      `glow: --label: ${wrong}; pass one\n`,
    );
  });
});

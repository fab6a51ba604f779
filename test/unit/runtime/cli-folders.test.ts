import { mkdir, readFile, writeFile } from 'node:fs/promises';
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
    conditional = await writeModelFixture(tinyConfig({ prior: 'learned', classes: 2 }), 5);
    const training = { classNames: ['cat', 'dog'] };
    await alterManifest(conditional.directory, (manifest) => ({ ...manifest, training }));
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

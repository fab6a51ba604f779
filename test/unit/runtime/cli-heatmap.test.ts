import { readFile, writeFile } from 'node:fs/promises';
import { heatMap, type RawImage, type Surprise, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { at, folder, glow, images, model, useGlowCommand } from '../../support/glow-command.js';

useGlowCommand();
const draws = ['--draws', '2', '--seed', '3'];

/** The pixels of 8×8 cells of 16×16 pixels each, as RGB. */
async function cells(path: string, left: number, top: number): Promise<Buffer> {
  const part = sharp(path).extract({ left, top, width: 128, height: 128 });
  return part.resize(8, 8, { kernel: 'nearest' }).toColourspace('srgb').removeAlpha().raw().toBuffer();
}

test('one PNG has each image beside its map, and the report says what dark and bright are', async () => {
  const maps = await model.surprise(images, { draws: 2, seed: 3 });
  const paths = [at('0.png'), at('1.png')];
  const { code, out } = await glow(
    'score',
    folder,
    ...paths,
    ...draws,
    '--heatmap',
    at('heat.png'),
    '--json',
  );
  expect(code).toBe(0);
  const report = JSON.parse(out);
  expect(report.heatmap.files).toEqual([at('heat.png')]);
  expect(report.heatmap.images).toEqual(
    maps.map(({ map }, i) => ({ image: paths[i], from: Math.min(...map.data), to: Math.max(...map.data) })),
  );
  expect(await sharp(at('heat.png')).metadata()).toMatchObject({ width: 260, height: 260, channels: 3 });
  for (const [i, { map }] of maps.entries()) {
    expect(await cells(at('heat.png'), 132, 132 * i)).toEqual(Buffer.from(heatMap(map).data));
    const [seen] = await model.prepare(images[i] as RawImage);
    expect(await cells(at('heat.png'), 0, 132 * i)).toEqual(Buffer.from((seen as RawImage).data));
  }
  const { out: text } = await glow(
    'score',
    folder,
    ...paths,
    ...draws,
    '--heatmap',
    at('heat.png'),
    '--force',
  );
  expect(text).toMatch(/^bits of a pixel +dark +bright$/m);
  expect(text).toContain(`wrote ${at('heat.png')}: each image, and beside it the bits of its pixels`);
});

test('a folder gets a file for each image', async () => {
  const flags = [...draws, '--heatmap', at('heat'), '--shard', '2/2'];
  expect(await glow('score', folder, at('0.png'), at('1.png'), ...flags)).toMatchObject({ code: 0, err: '' });
  expect(await sharp(at('heat/1.png')).metadata()).toMatchObject({ width: 260, height: 128 });
  await expect(readFile(at('heat/0.png'))).rejects.toThrow('ENOENT'); // of the other shard
});

test('an image that fails has no map, and the others have theirs', async () => {
  await writeFile(at('broken.png'), 'no picture');
  const paths = [at('broken.png'), at('1.png')];
  const { code, err } = await glow('score', folder, ...paths, ...draws, '--heatmap', at('some.png'));
  expect([code, err]).toEqual([1, expect.stringContaining('broken.png')]);
  const [{ map }] = (await model.surprise(images[1] as RawImage, { draws: 2, seed: 3 })) as [Surprise];
  expect(await cells(at('some.png'), 132, 0)).toEqual(Buffer.from(heatMap(map).data));
});

test('images of two sizes stand in one grid, or in a folder', async () => {
  const large = { data: new Uint8Array(16 * 8 * 3).fill(90), height: 16, width: 8, channels: 3 };
  await writePng(at('large.png'), large);
  const flags = [at('0.png'), at('large.png'), ...draws, '--fit', 'none', '--heatmap'];
  const { code, out } = await glow('score', folder, ...flags, at('two-sizes.png'));
  expect([code, out]).toEqual([0, expect.stringMatching(/^mean +[\d.]+$/m)]);
  expect(await glow('score', folder, ...flags, at('two-sizes'))).toMatchObject({ code: 0 });
  expect(await sharp(at('two-sizes/large.png')).metadata()).toMatchObject({ width: 132, height: 128 });
});

describe('refuses', () => {
  test('to replace a file without --force, and an image that it reads at all', async () => {
    await writeFile(at('mine.png'), 'mine');
    expect(await glow('score', folder, at('0.png'), '--heatmap', at('mine.png'))).toMatchObject({
      code: 1,
      err: `glow: ${at('mine.png')} exists; pass --force to replace it, or another --heatmap\n`,
    });
    expect(await readFile(at('mine.png'), 'utf8')).toBe('mine');
    const before = await readFile(at('0.png'));
    const shard = ['--shard', '2/2', '--heatmap', at('0.png'), '--force'];
    const other = await glow('score', folder, at('0.png'), at('1.png'), ...shard);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('is read by this command') });
    const own = await glow('score', folder, at('0.png'), '--heatmap', at('0.png'), '--force');
    expect(own).toMatchObject({ code: 1, err: expect.stringContaining('is read by this command') });
    expect(await readFile(at('0.png'))).toEqual(before);
  });

  test('a place inside the folder that it reads', async () => {
    await writePng(at('album/0.png'), images[0] as RawImage);
    const { code, err } = await glow('score', folder, at('album'), '--heatmap', at('album/heat.png'));
    expect([code, err]).toEqual([1, expect.stringMatching(/^glow: --heatmap: .* is inside /)]);
  });

  test.each([
    [['--heatmap', 'x.jpg'], 2, 'It must be FILE.png for one grid of all images, or a folder.'],
    [['--heatmap', 'x.png', '--out', 'y.jsonl'], 1, 'run the command once for each'],
  ])('%s', async (flags, expected, message) => {
    const { code, err } = await glow('score', folder, at('0.png'), ...flags);
    expect([code, err]).toEqual([expected, expect.stringContaining(message)]);
  });
});

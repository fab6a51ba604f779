import { join } from 'node:path';
import { encodePng, loadGlow } from '@glow-onnx/runtime/node';
import type sharp from 'sharp';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { defaultImageLimits } from '../../../packages/runtime/src/pictures/limits.js';
import { phonePhoto, phonePhotoFitted } from '../../support/phone-photo.js';

jest.mock('../../../packages/runtime/src/node/host-require.js', () => ({
  hostRequire(name: string) {
    if (name !== 'sharp')
      return jest.requireActual('../../../packages/runtime/src/node/host-require.js').hostRequire(name);
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  },
}));

const codec = nodeCodec(defaultImageLimits);

describe('where sharp is not installed', () => {
  test('PNGs are written and read', async () => {
    const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 2, height: 1, channels: 3 };
    expect(await codec.read(await encodePng(image))).toEqual(image);
  });

  test('the photo of a phone is encoded at the training size, to the pixels that sharp gives', async () => {
    const installed = jest.requireActual<typeof sharp>('sharp');
    const photo = await phonePhoto(installed);
    const { data, info } = await installed(photo).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const model = await loadGlow(join(__dirname, '../../../models/pixel-faces'), { device: 'cpu' });
    const { logProb, fitted } = await model.encode([photo, { ...info, data: new Uint8Array(data) }]);
    await model.dispose();
    expect(fitted).toEqual([phonePhotoFitted(16), phonePhotoFitted(16)]);
    expect(logProb[0]).toBe(logProb[1]);
  });

  test('a WebP says what to install', async () => {
    // The header of a lossless picture of 1×1: 0x2f, then width − 1 and height − 1 in 14 bits each.
    const webp = Buffer.concat([
      Buffer.from('RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f', 'latin1'),
      Buffer.alloc(13),
    ]);
    await expect(codec.read(webp)).rejects.toThrow('install it with: npm install sharp');
  });
});

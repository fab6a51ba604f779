import sharp from 'sharp';
import { decodePurely } from '../../../packages/runtime/src/node/decode-purely.js';
import { inflate } from '../../../packages/runtime/src/node/inflate.js';
import { BrokenImageError } from '../../../packages/runtime/src/pictures/broken-image.js';
import { decodeFile } from '../../../packages/runtime/src/pictures/decode-file.js';
import { defaultImageLimits } from '../../../packages/runtime/src/pictures/limits.js';

const image = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
const mistake = () => {
  throw new TypeError('Cannot read properties of undefined');
};

test.each(['png', 'jpeg', 'webp'] as const)(
  'a mistake in the decoder of a %s is not its format',
  async (format) => {
    const bytes = await image.clone().toFormat(format).toBuffer();
    const failed = decodeFile({ decode: mistake, inflate: mistake }, bytes, defaultImageLimits);
    await expect(failed).rejects.toThrow(BrokenImageError);
    await expect(failed).rejects.toThrow(`the ${format.toUpperCase()} cannot be decoded: Cannot read`);
  },
);

test('a format that cannot be decoded here is', async () => {
  const bytes = await image.clone().webp().toBuffer();
  const failed = decodeFile({ decode: decodePurely, inflate }, bytes, defaultImageLimits);
  await expect(failed).rejects.toThrow(TypeError);
  await expect(failed).rejects.toThrow('a WebP needs sharp');
});

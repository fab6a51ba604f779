import { join } from 'node:path';
import { loadGlow } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import type { browserCodec as BrowserCodec } from '../../../packages/runtime/src/browser/images.js';
import { withChannels } from '../../../packages/runtime/src/pictures/images.js';
import { decodeJpeg } from '../../../packages/runtime/src/pictures/jpeg/decode-jpeg.js';
import { phonePhoto, phonePhotoFitted } from '../../support/phone-photo.js';
import {
  jpegCases,
  type PictureCase,
  pictureCases,
  refusedPictures,
  worstDifference,
} from '../../support/picture-cases.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

declare const browserCodec: typeof BrowserCodec;

/** Opaque, and half-transparent with colours that no premultiplied byte can hold. */
const opaque = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 250, 251, 252, 128, 127, 126];
const translucent = [200, 100, 50, 10, 1, 2, 3, 1, 255, 128, 0, 254];

describeBrowser('pictures in a browser', () => {
  const browser = useBrowser();
  let cases: PictureCase[];
  beforeAll(async () => {
    cases = await pictureCases();
  });

  test('look as they should: the table that Node is tested with', async () => {
    const read = await browser.run(
      async ({ arg }) => {
        const codec = browserCodec({ maxPixels: 10_000, maxBytes: 100_000 });
        return Promise.all(arg.map((bytes) => codec.read(bytes)));
      },
      cases.map(({ bytes }) => new Uint8Array(bytes)),
    );
    for (const [i, { name, width, height, rgb, tolerance }] of cases.entries()) {
      const image = read[i] as (typeof read)[number];
      expect([name, image.width, image.height]).toEqual([name, width, height]);
      const worst = worstDifference(withChannels(image, 3, name).data, rgb);
      expect([name, worst <= tolerance, worst]).toEqual([name, true, worst]);
    }
  });

  test('as JPEG have the pixels that Node reads, however they are sampled and scanned', async () => {
    const jpegs = await jpegCases();
    const read = await browser.run(
      async ({ arg }) => {
        const codec = browserCodec({ maxPixels: 10_000, maxBytes: 100_000 });
        return Promise.all(arg.map((bytes) => codec.read(bytes)));
      },
      jpegs.map(({ bytes }) => new Uint8Array(bytes)),
    );
    for (const [i, { name, bytes }] of jpegs.entries()) {
      const expected = withChannels(decodeJpeg(bytes), 3, name);
      const shown = withChannels(read[i] as (typeof read)[number], 3, name);
      expect([name, worstDifference(shown.data, [...expected.data])]).toEqual([name, 0]);
    }
  });

  test('that are broken or unusual are refused as in Node', async () => {
    const refused = refusedPictures();
    const messages = await browser.run(
      async ({ arg }) => {
        const codec = browserCodec({ maxPixels: 10_000, maxBytes: 100_000 });
        const read = arg.map((bytes) =>
          codec.read(bytes).then(
            () => 'read',
            (error: Error) => error.message,
          ),
        );
        return Promise.all(read);
      },
      refused.map(({ bytes }) => new Uint8Array(bytes)),
    );
    expect(messages).toEqual(refused.map(({ reason }) => expect.stringContaining(reason)));
  });

  test('come as ImageData, ImageBitmap, Blob, File, canvas, OffscreenCanvas, img and addresses, to the same bytes', async () => {
    const read = await browser.run(async ({ glow, arg }) => {
      const codec = browserCodec({ maxPixels: 100, maxBytes: 1000 });
      const image = { data: Uint8Array.from(arg), width: 3, height: 2, channels: 3 };
      const png = new Blob([(await glow.encodePng(image)) as Uint8Array<ArrayBuffer>], { type: 'image/png' });
      const address = URL.createObjectURL(png);
      const [canvas, offscreen] = [document.createElement('canvas'), new OffscreenCanvas(1, 1)];
      glow.drawImage(image, canvas);
      glow.drawImage(image, offscreen);
      const element = new Image();
      element.src = address;
      const inputs = {
        bitmap: await createImageBitmap(png),
        blob: png,
        file: new File([png], 'a.png'),
        canvas,
        offscreen,
        element,
        address,
        url: new URL(address),
      };
      const images: [string, number[]][] = [];
      for (const [name, input] of Object.entries(inputs)) {
        const { data, channels, width, height } = await codec.read(input);
        if (width !== 3 || height !== 2) throw new Error(`${name}: ${height}×${width}`);
        images.push([name, [...data].filter((_, i) => i % channels < 3)]);
      }
      return images;
    }, opaque);
    expect(read.length).toBe(8);
    for (const one of read) expect(one).toEqual([one[0], opaque]);
  });

  test('of PNG keep half-transparent colours that a canvas would round', async () => {
    const { ours, canvas } = await browser.run(async ({ glow, arg }) => {
      const image = { data: Uint8Array.from(arg), width: 3, height: 1, channels: 4 };
      const png = await glow.encodePng(image);
      const { data: ours } = await browserCodec({ maxPixels: 100, maxBytes: 1000 }).read(png);
      const context = new OffscreenCanvas(3, 1).getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.drawImage(await createImageBitmap(new Blob([png as Uint8Array<ArrayBuffer>])), 0, 0);
      return { ours: [...ours], canvas: [...context.getImageData(0, 0, 3, 1).data] };
    }, translucent);
    expect(ours).toEqual(translucent);
    expect(canvas).not.toEqual(translucent);
  });

  test('of a phone come to the training size, to the pixels of Node, as a file and as an address', async () => {
    const photo = await phonePhoto(sharp);
    const node = await loadGlow(join(__dirname, '../../../models/pixel-faces'), { device: 'cpu' });
    const [expected] = await node.prepare(photo);
    await node.dispose();
    const seen = await browser.run(async ({ glow, arg }) => {
      const model = await glow.loadGlow('/models/pixel-faces', { device: 'wasm' });
      const file = new File([arg], 'cat.jpg');
      const images = await model.reconstruct([file, URL.createObjectURL(file)]);
      await model.dispose();
      return images.map(({ data, fitted }) => ({ data: [...data], fitted }));
    }, photo);
    expect(seen).toEqual(Array(2).fill({ data: [...(expected?.data ?? [])], fitted: phonePhotoFitted(16) }));
  });

  test('go in as ImageData, the same numbers as raw pixels', async () => {
    const logProbs = await browser.run(async ({ glow }) => {
      const model = await glow.loadGlow('/models/pixel-faces', { device: 'wasm' });
      const [image] = await model.sample({ seed: 1 });
      if (!image) throw new Error('no sample');
      const data = glow.toImageData(image);
      const encoded = await model.encode([image, data, new ImageData(data.data, image.width, image.height)]);
      await model.dispose();
      return encoded.logProb;
    });
    expect(new Set(logProbs).size).toBe(1);
  });

  test.each([
    ['more pixels than allowed', { maxPixels: 5 }, '2×3 = 6 pixels, more than maxPixels (5)'],
    ['more bytes than allowed', { maxBytes: 50 }, 'bytes, more than maxBytes (50)'],
  ])('with %s are refused', async (_, limits, message) => {
    const messages = await browser.run(async ({ glow, arg }) => {
      const codec = browserCodec({ maxPixels: 1000, maxBytes: 1000, ...arg });
      const png = await glow.encodePng({ data: new Uint8Array(18), width: 3, height: 2, channels: 3 });
      const blob = new Blob([png as Uint8Array<ArrayBuffer>]);
      const inputs = [png, blob, URL.createObjectURL(blob), await createImageBitmap(blob)];
      return Promise.all(
        inputs.map((input) =>
          codec.read(input).then(
            () => 'read',
            (error: Error) => error.message,
          ),
        ),
      );
    }, limits);
    const files = messages.slice(0, 3);
    expect(files).toEqual(files.map(() => expect.stringContaining(message)));
    expect(messages[3]).toEqual('maxBytes' in limits ? 'read' : expect.stringContaining(message));
  });

  test('print nothing', () => {
    expect(browser.messages).toEqual([]);
  });
});

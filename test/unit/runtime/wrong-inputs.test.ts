import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  diagnose,
  encodePng,
  estimateCost,
  imageGrid,
  type LoadOptions,
  loadGlow,
  type RawImage,
  toImageData,
} from '@glow-onnx/runtime';
import { writePng } from '@glow-onnx/runtime/node';
import { openSession } from '@glow-onnx/runtime/session';
import { Tensor } from 'onnxruntime-common';
import { config, images } from '../../support/noise-images.js';
import { modelOf } from './oracle-model.js';

const model = modelOf(config);
const image = images[0] as RawImage;
const folder = mkdtempSync(join(tmpdir(), 'glow-wrong-'));
const base64 = `iVBORw0KGgo${'SECRET+/'.repeat(1000)}`;
const page = new TextEncoder().encode('<!DOCTYPE html><title>Not found</title>');
writeFileSync(join(folder, 'page.png'), page);
afterAll(() => rmSync(folder, { recursive: true }));

/** A wrong call as JavaScript can write it. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments have wrong types
const call = model as any;
const load = (options: object) => loadGlow('no/model', options as LoadOptions);
const inCall = (options: object) => () => call.sample(options);
/** A tensor of TensorFlow.js, by the fields that it has. */
const tfjs = { dataId: {}, dtype: 'float32', shape: [8, 8, 3], size: 192 };
const onnx = new Tensor('float32', new Float32Array(192), [1, 3, 8, 8]);
class Jimp {
  bitmap = {};
}

describe('options', () => {
  test.each<[string, () => unknown, string]>([
    ['a mistyped name', inCall({ cuont: 3 }), 'sample: unknown option "cuont"; did you mean count?'],
    ['a letter less', inCall({ temprature: 1 }), 'unknown option "temprature"; did you mean temperature?'],
    ['a short name', inCall({ temp: 1 }), 'unknown option "temp"; did you mean temperature?'],
    ['another case', () => call.encode(image, { onprogress() {} }), '"onprogress"; did you mean onProgress?'],
    ['a longer name', () => call.encode(image, { abortSignal: 1 }), '"abortSignal"; did you mean signal?'],
    [
      'a name of another call',
      () => call.decode([], { fit: 'crop' }),
      'decode: unknown option "fit"; the options are label, onProgress, signal',
    ],
    ["another library's name", () => load({ dtype: 'fp16' }), '"dtype"; did you mean precision?'],
    ['a mistyped name for loadGlow', () => load({ maxMemry: 1e9 }), '"maxMemry"; did you mean maxMemory?'],
    ['a control character', inCall({ '\u001b[2J': 1 }), 'unknown option "\\u001b[2J"; the options are'],
    [
      'a wrong fit, although the size fits',
      () => call.encode(image, { fit: 'contain' }),
      'encode: fit must be ',
    ],
    ['a fit that is no text', () => call.encode(image, { fit: true }), 'got true'],
    [
      'an unknown mode',
      () => call.interpolate(image, image, { mode: 'x' }),
      '"linear" or "spherical", got "x"',
    ],
    ['a number for a signal', inCall({ signal: 5 }), 'sample: signal must be an AbortSignal, such as the'],
    [
      'a controller for a signal',
      inCall({ signal: new AbortController() }),
      'got an instance of AbortController',
    ],
    ['a number for a callback', inCall({ onProgress: 3 }), 'sample: onProgress must be a function, got 3'],
    ['text for a number', inCall({ count: '3' }), 'sample: count must be an integer from 0 on, got "3"'],
    ['null for options', inCall(null as never), 'sample: expected the options as an object, such as { count'],
    ['a number for options', () => call.encode(image, 0), 'encode: expected the options as an object'],
    ['an unknown precision', () => load({ precision: 'fp17' }), 'loadGlow: precision must be "fp32", '],
    ['an unknown device', () => loadGlow('models/pixel-faces', { device: 'gpu' as never }), 'got "gpu"'],
    ['text for true', () => load({ selfTest: 'no' }), 'loadGlow: selfTest must be true or false, got "no"'],
    ['a limit below one', () => load({ maxPixels: 0 }), 'maxPixels must be an integer from 1 on, got 0'],
    [
      'for diagnose',
      () => diagnose({ modle: 'x' } as never),
      'diagnose: unknown option "modle"; did you mean',
    ],
    [
      'for openSession',
      () => openSession(undefined as never),
      'openSession: expected the options as an object',
    ],
    ['for imageGrid', () => imageGrid(images, { colums: 2 } as never), 'imageGrid: unknown option "colums"'],
    [
      'no size for estimateCost',
      () => estimateCost(model, undefined as never),
      'a size in pixels, { height, width }',
    ],
    [
      'no model for estimateCost',
      () => estimateCost(undefined as never, image),
      'expected a loaded model, got undef',
    ],
    ['a path for estimateCost', () => estimateCost('a' as never, image), 'expected a loaded model, got "a"'],
  ])('%s', async (_, wrong, message) => {
    await expect((async () => wrong())()).rejects.toThrow(message);
  });

  test('that are undefined count as left out', async () => {
    const undefinedOptions = { count: undefined, signal: undefined, onProgress: undefined };
    expect(await call.sample(undefinedOptions)).toHaveLength(1);
  });

  test('of a wrong type are TypeErrors, wrong values RangeErrors', async () => {
    await expect(call.sample({ seed: 'x' })).rejects.toBeInstanceOf(TypeError);
    await expect(call.sample({ seed: -1 })).rejects.toBeInstanceOf(RangeError);
    await expect(call.encode(image, { fit: 'contain' })).rejects.toBeInstanceOf(RangeError);
    await expect(call.sample({ cuont: 1 })).rejects.toBeInstanceOf(TypeError);
  });
});

describe('arguments', () => {
  test.each<[string, () => unknown, string]>([
    [
      'options first',
      () => call.interpolate({ steps: 3 }, image, image),
      'interpolate: a: expected an image or latents, got an object { steps }; call it as interpolate(a, b, options)',
    ],
    ['only options', () => call.encode({ fit: 'crop' }), 'call it as encode(images, options)'],
    [
      'options in place of levels',
      () => call.mix(image, image, { fit: 'crop' }),
      'levels: expected a list of levels',
    ],
    [
      'no levels',
      () => call.mix(image, image),
      'mix: levels must be a list of levels, such as [0], got undefined',
    ],
    [
      'two images side by side',
      () => call.encode(image, image),
      'encode: expected options, got an object { data, height, width, channels }; call it as encode(images, options), several',
    ],
    ['two paths side by side', () => call.encode('a.png', 'b.png'), 'expected options, got "b.png"'],
    [
      'a model and options swapped',
      () => loadGlow({ device: 'cpu' } as never),
      'call it as loadGlow(source, options)',
    ],
    ['a number for a model', () => loadGlow(7 as never), 'or a map of files, got 7'],
    ['bytes for a model', () => loadGlow(page as never), 'or a map of files, got an instance of Uint8Array'],
    [
      'the result of encode',
      () => call.decode({ z: [], logProb: [] }),
      'got an object { z, logProb }; pass its z',
    ],
    ['a path to decode', () => call.decode('cat.png'), 'latents with 2 levels, got "cat.png"'],
    [
      'latents after plain JSON',
      async () => call.decode(JSON.parse(JSON.stringify((await call.encode(image)).z))),
      'a Float32Array of 96 numbers, got an object { 0, 1, 2, 3, 4, … }; JSON keeps latents through latentsToJson',
    ],
    [
      'no image to write',
      () => writePng(join(folder, 'a.png'), undefined as never),
      'ImageData, got undefined',
    ],
    [
      'swapped for writePng',
      () => writePng(image as never, 'a.png' as never),
      'writePng: expected a path, got an obj',
    ],
    ['a path to show', () => toImageData('a.png' as never), 'toImageData: expected { data: Uint8Array'],
    [
      'one image for a grid',
      () => imageGrid(image as never),
      'expected a list of images, got an object { data,',
    ],
    [
      'no pixels in a grid',
      () => imageGrid([{}] as never),
      'imageGrid: image 0: expected { data: Uint8Array',
    ],
    ['floats for a PNG', () => encodePng({ ...image, data: new Float32Array(192) } as never), 'not bytes'],
  ])('%s', async (_, wrong, message) => {
    await expect((async () => wrong())()).rejects.toThrow(message);
  });
});

describe('an image', () => {
  const expected =
    'encode: the image cannot be read: expected pixels ({ data: Uint8Array, width, height, channels }';
  test.each<[string, unknown, string]>([
    [
      'nothing',
      undefined,
      `${expected} or ImageData), the bytes of a PNG, JPEG or WebP, a Blob, a path or an`,
    ],
    ['null', null, 'got null'],
    ['a number', 7, 'got 7'],
    [
      'an empty text',
      '',
      'encode: the image cannot be read: expected a path or an address, got an empty text',
    ],
    ['a folder', folder, 'it is a folder; pass an image file in it'],
    [
      'base64',
      base64,
      `encode: a text in base64: the image cannot be read: expected a path or an address, got ${base64.length} characters of base64; put data:image/png;base64, before them`,
    ],
    ['base64 as bytes', Buffer.from(base64), 'got base64; decode it to bytes first'],
    ['a page of HTML', join(folder, 'page.png'), 'got a web page (HTML); check where it comes from'],
    ['an error in JSON', Buffer.from('{"error":"no"}'), 'got JSON; check where it comes from'],
    [
      'a tensor of ONNX Runtime',
      onnx,
      'got a tensor of ONNX Runtime, float32 [1,3,8,8]; pass { data: Uint8Array, wid',
    ],
    [
      'a tensor of TensorFlow.js',
      tfjs,
      'got a tensor of TensorFlow.js, float32 [8,8,3]; pass { data: Uint8Array',
    ],
    ['floats', new Float32Array(192), 'got an instance of Float32Array; for pixels, pass { data: Uint8Array'],
    [
      'pixels as floats',
      { ...image, data: new Float32Array(192) },
      'got data that are an instance of Float32Array',
    ],
    ['pixels without channels', { data: image.data, width: 8, height: 8 }, 'or ImageData, got no channels'],
    [
      'pixels without a width',
      { data: image.data, height: 8, channels: 3 },
      'got an object { data, height, channels }',
    ],
    ['a Promise', Promise.resolve(image), 'got a Promise; await it first'],
    ['a Response', new Response('x'), 'got an instance of Response; pass await response.blob()'],
    ['latents', { levels: [] }, 'got latents; decode takes latents'],
    ['a result of encode', { z: [], logProb: [] }, 'got a result of encode; pass an image'],
    ['an object of another library', new Jimp(), 'got an instance of Jimp'],
    ['a list in a list', [[image]], 'got an array of 1; pass one array of images'],
    [
      'a Buffer after JSON',
      JSON.parse(JSON.stringify(Buffer.from('x'))),
      'got a Buffer that went through JSON',
    ],
    ['an address that is none', 'http://[/a.png', 'it is not a valid address'],
    ['a data: address without data', 'data:image/png', 'a data: address needs a comma before its data'],
    ['a data: address of no base64', `data:image/png;base64,${'*'.repeat(50)}`, 'are not valid base64'],
  ])('that is %s is refused by name', async (_, input, message) => {
    const error = await call.encode(input).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toContain(message);
    expect(error?.message).not.toMatch(/SECRET|\n/);
    expect(error?.message.length).toBeLessThan(400);
  });
});

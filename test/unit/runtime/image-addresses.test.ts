import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { encodePng, loadGlow, type RawImage } from '@glow-onnx/runtime';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { config, images } from '../../support/noise-images.js';
import { modelOf } from './oracle-model.js';

const image = images[0] as RawImage;
const limits = { maxPixels: 1000, maxBytes: 2000 };
const codec = nodeCodec(limits, { idleTimeoutMs: 300 });
let png: Uint8Array;
let server: Server;
let origin: string;
const asked: IncomingMessage[] = [];

const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/a.png': (response) => response.end(png),
  '/moved.png': (response) => response.writeHead(302, { location: '/a.png' }).end(),
  '/circle.png': (response) => response.writeHead(302, { location: '/circle.png' }).end(),
  '/file.png': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/page.png': (response) => response.setHeader('content-type', 'text/html').end('<!DOCTYPE html>'),
  '/hidden-page.png': (response) => response.end('<!DOCTYPE html><title>'),
  '/large.png': (response) => response.setHeader('content-length', 1e9).write('x'),
  '/endless.png'(response) {
    const timer = setInterval(() => response.write(new Uint8Array(999)), 5);
    response.on('close', () => clearInterval(timer));
  },
  '/silent.png': () => {},
  '/locked.png': (response) => response.writeHead(401).end(),
  '/broken.png': (response) => response.writeHead(503).end(),
};

beforeAll(async () => {
  png = await encodePng(image);
  server = createServer((request, response) => {
    asked.push(request);
    const { pathname } = new URL(request.url as string, 'http://x');
    const answer = answers[pathname];
    if (answer) answer(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('the image at an address', () => {
  test.each([
    ['text', () => `${origin}/a.png`],
    ['a URL', () => new URL(`${origin}/a.png`)],
    ['a redirect', () => `${origin}/moved.png`],
    ['data: in base64', () => `data:image/png;base64,${Buffer.from(png).toString('base64')}`],
    ['data: as a URL', () => new URL(`data:image/png;base64,${Buffer.from(png).toString('base64')}`)],
    [
      'data: with escapes',
      () => `data:,${[...png].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`,
    ],
    [
      'data: in upper case, with spaces',
      () => ` DATA:;BASE64,${Buffer.from(png).toString('base64').replace(/./, '$& ')}`,
    ],
  ])('is read from %s', async (_, source) => {
    expect(await codec.read(source())).toEqual(image);
  });

  test.each([
    ['/none.png', 'the server does not have this file (404); check the address'],
    ['/circle.png', 'the server redirects more than 5 times'],
    ['/file.png', 'the server redirects to file:///etc/passwd, which is not an http or https address'],
    ['/page.png', 'the server answers with a web page, not with this file'],
    ['/hidden-page.png', 'got a web page (HTML)'],
    ['/large.png', 'the file has 1000000000 bytes, more than maxBytes (2000)'],
    ['/endless.png', 'bytes, more than maxBytes (2000)'],
    [
      '/silent.png',
      'the server has sent nothing, or next to nothing, for 0.3 s; try again, or pass a larger idleT',
    ],
    ['/locked.png', 'the server answers 401 Unauthorized'],
    ['/broken.png', 'the server answers 503 Service Unavailable; try again later'],
  ])('is refused, in the words of its server: %s', async (path, message) => {
    await expect(codec.read(origin + path)).rejects.toThrow(message);
  });

  test('in data: is held to maxBytes before it is decoded', async () => {
    const data = `data:image/png;base64,${'A'.repeat(3000)}`;
    await expect(codec.read(data)).rejects.toThrow('more than maxBytes (2000)');
  });

  test('is asked for with the user and password, which no message shows', async () => {
    const secret = `${origin.replace('//', '//xena:s3cret@')}/none.png?token=t0ken#fragment`;
    const error = await modelOf(config)
      .encode(secret)
      .catch((reason: Error) => reason);
    const last = asked.at(-1) as IncomingMessage;
    expect(last.headers.authorization).toBe(`Basic ${btoa('xena:s3cret')}`);
    expect(last.url).toBe('/none.png?token=t0ken');
    expect((error as Error).message).toBe(
      `encode: ${origin}/none.png: the image cannot be read: the server does not have this file (404); check the address`,
    );
    expect(inspect(error, { depth: 9 })).not.toMatch(/s3cret|t0ken|xena|fragment/);
  });

  test('is not fetched from a private network to which a server on the internet redirects', async () => {
    jest.spyOn(net.BlockList.prototype, 'check').mockImplementation((address) => address !== '127.0.0.1');
    const location = origin.replace('127.0.0.1', '127.0.0.2');
    const outside = createServer((_, response) => response.writeHead(302, { location }).end());
    await new Promise<void>((listening) => outside.listen(0, '127.0.0.1', listening));
    const address = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/a.png`;
    const reading = codec.read(address);
    await expect(reading).rejects.toThrow('127.0.0.2, which is in a private network');
    outside.close();
  });

  test('stops with the call that asked for it', async () => {
    const stop = new AbortController();
    const call = modelOf(config).encode([`${origin}/silent.png`, image], { signal: stop.signal });
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
  });

  test('is read by a worker as by the model itself, with the same limits', async () => {
    const model = await loadGlow('models/pixel-faces', { device: 'cpu', worker: true, maxBytes: 2000 });
    try {
      const { logProb } = await model.encode([`${origin}/a.png`, png], { fit: 'resize' });
      expect(logProb[0]).toBe(logProb[1]);
      await expect(model.encode(`${origin}/large.png`)).rejects.toThrow('more than maxBytes (2000)');
      const base64 = Buffer.from(png).toString('base64');
      await expect(model.encode(base64)).rejects.toThrow('characters of base64; put data:image/png;base64,');
      await expect(model.sample({ signal: 5 } as never)).rejects.toThrow('signal must be an AbortSignal');
    } finally {
      await model.dispose();
    }
  });
});

test('a path that looks like an address, but for its slashes, stays a path', async () => {
  await expect(codec.read('http:/a.png')).rejects.toThrow('no such file');
});

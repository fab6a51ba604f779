import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DeviceError, type LoadOptions, type LoadProgress, loadGlow } from '@glow-onnx/runtime';
import { alterFile } from '../../support/altered-folder.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { type Answer, type ModelServer, serveFolder } from './model-server.js';

const config = tinyConfig();
let fixture: ModelFixture;
let server: ModelServer;
beforeAll(async () => {
  fixture = await writeModelFixture(config, 13);
  server = await serveFolder(fixture.directory);
});
afterEach(() => server.answers.clear());
afterAll(async () => {
  await server.close();
  await fixture.remove();
});

const load = (source: string, options: LoadOptions = {}) =>
  loadGlow(source, { device: 'cpu', cache: false, ...options });
const send =
  (bytes: Uint8Array): Answer =>
  (response) =>
    response.writeHead(200).end(bytes);

function endless(response: ServerResponse): void {
  const more = () => {
    while (response.write(spaces));
    response.once('drain', more);
  };
  more();
}
const spaces = Buffer.alloc(2 ** 18, ' ');

describe('what a server may do', () => {
  test.each<[string, string, Answer, RegExp]>([
    [
      'a byte is another',
      'onnx/weights.bin',
      (response, bytes) =>
        send(bytes.fill((bytes[50] as number) ^ 4, 50, 51))(response, bytes, undefined as never),
      /onnx\/weights\.bin has sha256 [0-9a-f]{64}, manifest\.json says [0-9a-f]{64}; copy/,
    ],
    [
      'a file is cut short',
      'onnx/decode.onnx',
      (response, bytes) => response.writeHead(200).end(bytes.subarray(100)),
      /onnx\/decode\.onnx has \d+ bytes, manifest\.json says \d+; copy the model folder again/,
    ],
    [
      'a file announces another size',
      'onnx/decode.onnx',
      (response, bytes) => response.writeHead(200, { 'content-length': bytes.length + 1 }).write(bytes),
      /onnx\/decode\.onnx has \d+ bytes, manifest\.json says \d+; copy the model folder again/,
    ],
    [
      'more bytes come than were promised',
      'onnx/encode.onnx',
      (response) => endless(response.writeHead(200)),
      /onnx\/encode\.onnx has more than \d+ bytes, expected at most \d+/,
    ],
    [
      'fewer bytes come than its headers say',
      'onnx/encode.onnx',
      (response, bytes) => {
        response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(100));
        setTimeout(() => response.destroy(), 50);
      },
      /onnx\/encode\.onnx: the connection broke off after \d+ bytes: aborted; load the model again/,
    ],
    [
      'the connection breaks off at once',
      'onnx/encode.onnx',
      (response) => response.destroy(),
      /onnx\/encode\.onnx cannot be fetched: socket hang up$/,
    ],
    [
      'a file is not there',
      'onnx/weights.bin',
      (response) => response.writeHead(404).end(),
      /^http:\/\/127\.0\.0\.1:\d+\/model\/onnx\/weights\.bin is missing; copy the model folder again$/,
    ],
    [
      'no manifest is there',
      'manifest.json',
      (response) => response.writeHead(404).end(),
      /^http:\/\/127\.0\.0\.1:\d+\/model\/: no manifest\.json found; pass a model folder/,
    ],
    [
      'a page comes in place of the manifest',
      'manifest.json',
      (response) =>
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>'),
      /manifest\.json: the server answers with a web page, not with this file; .* check the address/,
    ],
    [
      'a page comes in place of weights',
      'onnx/weights.bin',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
      /weights\.bin: the server answers with a web page/,
    ],
    [
      'the manifest is cut short',
      'manifest.json',
      (response, bytes) => response.writeHead(200).end(bytes.subarray(0, 300)),
      /model\/: manifest\.json: not valid JSON/,
    ],
    [
      'the manifest never ends',
      'manifest.json',
      (response) => endless(response.writeHead(200)),
      /manifest\.json has more than 4194304 bytes/,
    ],
    [
      'a redirect leads nowhere',
      'onnx/encode.onnx',
      (response) => response.writeHead(302, { location: 'elsewhere' }).end(),
      /onnx\/encode\.onnx is missing/,
    ],
    [
      'it fails',
      'onnx/encode.onnx',
      (response) => response.writeHead(500).end(),
      /encode\.onnx: the server answers 500 Internal Server Error; try again later/,
    ],
    [
      'what is compressed is larger than promised',
      'onnx/encode.onnx',
      (response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(2 ** 26))),
      /onnx\/encode\.onnx has more than \d+ bytes/,
    ],
  ])('%s: loading ends with what and where', async (_, path, answer, message) => {
    server.answers.set(path, answer);
    await expect(load(server.url)).rejects.toThrow(message);
  });

  test.each(['application/json', 'text/html'])(
    'a manifest of %s that never ends is hung up on',
    async (type) => {
      const closed = new Promise((resolve) => {
        server.answers.set('manifest.json', (response, _, request) => {
          request.socket.once('close', resolve);
          endless(response.writeHead(200, { 'content-type': type }));
        });
      });
      await expect(load(server.url)).rejects.toThrow(/has more than 4194304 bytes|a web page/);
      await closed;
    },
  );

  test('compressed transfer, redirects and answers without a size change nothing', async () => {
    server.answers.set('onnx/weights.bin', (response, bytes) => {
      const packed = gzipSync(bytes);
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
    });
    server.answers.set('onnx/encode.onnx', (response) =>
      response.writeHead(301, { location: '/model/moved/encode.onnx' }).end(),
    );
    const encode = await readFile(join(fixture.directory, 'onnx/encode.onnx'));
    server.answers.set('moved/encode.onnx', send(encode));
    server.answers.set('onnx/decode.onnx', (response, bytes) => {
      for (const byte of [bytes.subarray(0, 1), bytes.subarray(1)]) response.write(byte);
      response.end();
    });
    const [remote, local] = await Promise.all([load(server.url), load(fixture.directory)]);
    expect(await remote.sample({ count: 2, seed: 5 })).toEqual(await local.sample({ count: 2, seed: 5 }));
    await Promise.all([remote.dispose(), local.dispose()]);
  });
});

describe('ending a load', () => {
  const stuck: Answer = (response, bytes) => response.writeHead(200).write(bytes.subarray(0, 10));

  test.each(['manifest.json', 'onnx/weights.bin'])(
    'a server that stops answering at %s is left when aborted',
    async (path) => {
      const controller = new AbortController();
      const left = new Promise((resolve) => {
        server.answers.set(path, (response, bytes, request) => {
          request.socket.once('close', resolve);
          stuck(response, bytes, request);
          setTimeout(() => controller.abort(new Error('enough')), 50);
        });
      });
      await expect(load(server.url, { signal: controller.signal })).rejects.toThrow('enough');
      await left;
    },
  );

  test('a time limit is a signal', async () => {
    server.answers.set('onnx/encode.onnx', stuck);
    const loading = load(server.url, { signal: AbortSignal.timeout(100) });
    await expect(loading).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('an aborted signal asks for nothing', async () => {
    server.asked.length = 0;
    await expect(load(server.url, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(server.asked).toEqual([]);
  });

  test('an abort while the device is tested ends the load, and nothing is reported after', async () => {
    const controller = new AbortController();
    const events: LoadProgress[] = [];
    const onProgress = (event: LoadProgress) => {
      events.push(event);
      if (event.status === 'done' && event.file === 'golden.safetensors') controller.abort();
    };
    const loading = load(fixture.directory, { signal: controller.signal, onProgress });
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(events.map(({ status }) => status)).not.toContain('ready');
  });

  test('a signal that never comes is no hindrance, nor one that comes late', async () => {
    const controller = new AbortController();
    const model = await load(fixture.directory, { signal: controller.signal });
    controller.abort();
    expect(await model.sample()).toHaveLength(1);
    await model.dispose();
  });
});

describe('a folder whose hashes are right and whose numbers are wrong', () => {
  let work: string;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'glow-faults-'));
  });
  afterAll(() => rm(work, { recursive: true }));

  /** A copy with one file changed, and the manifest made to agree. */
  async function changed(path: string, change: (bytes: Buffer) => void): Promise<string> {
    const copy = await mkdtemp(join(work, 'copy-'));
    await cp(fixture.directory, copy, { recursive: true });
    await alterFile(copy, path, (file) => {
      const bytes = Buffer.from(file);
      change(bytes);
      return bytes;
    });
    return copy;
  }
  const refused = async (folder: string) => {
    const error = await load(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DeviceError);
    expect(error).toMatchObject({ device: 'cpu', code: 'self-test' });
  };

  test('weights that are NaN are refused', async () => {
    const nan = (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 4) bytes.writeFloatLE(Number.NaN, at);
    };
    await refused(await changed('onnx/weights.bin', nan));
  });

  test('golden images that are others are refused, unless the test is switched off', async () => {
    const folder = await changed('golden.safetensors', (bytes) => {
      bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 0.01, bytes.length - 4);
    });
    await refused(folder);
    const model = await load(folder, { selfTest: false });
    await model.dispose();
  });

  test('golden images that are none are an error', async () => {
    const folder = await changed('golden.safetensors', (bytes) => bytes.fill(0));
    await expect(load(folder)).rejects.toThrow();
  });
});

import net, { type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { type LoadOptions, type LoadProgress, loadGlow, UnreachableError } from '@glow-onnx/runtime';
import { shownAddress, takeCredentials } from '../../../packages/runtime/src/folder/stores/address.js';
import { RefusedError } from '../../../packages/runtime/src/folder/stores/answer.js';
import { redirected } from '../../../packages/runtime/src/node/get.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { type Answer, type ModelServer, serveFolder } from './model-server.js';

let fixture: ModelFixture;
let server: ModelServer;
let other: ModelServer;
beforeAll(async () => {
  fixture = await writeModelFixture(tinyConfig(), 13);
  [server, other] = await Promise.all([serveFolder(fixture.directory), serveFolder(fixture.directory)]);
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const { answers, asked } of [server, other]) {
    answers.clear();
    asked.length = 0;
  }
});
afterAll(async () => {
  await Promise.all([server.close(), other.close(), fixture.remove()]);
});

async function load(source: string, options: LoadOptions = {}): Promise<LoadProgress[]> {
  const events: LoadProgress[] = [];
  const onProgress = (event: LoadProgress) => events.push(event);
  const model = await loadGlow(source, {
    device: 'cpu',
    selfTest: false,
    cache: false,
    onProgress,
    ...options,
  });
  await model.dispose();
  return events;
}
const refusal = (source: string, options: LoadOptions = {}): Promise<Error> =>
  load(source, options).then(
    () => new Error('it loads'),
    (error: Error) => error,
  );
const encode = 'onnx/encode.onnx';
const redirect =
  (location: string, status = 302): Answer =>
  (response) =>
    response.writeHead(status, { location }).end();

describe('user, password and query of an address', () => {
  const secrets = /xena|s%C3%A9cret|sécret|secret|token/;
  const withSecrets = (url: string) => `${url.replace('//', '//xena:s%C3%A9cret%25@')}?token=1`;

  test('are sent with every file, as the header Authorization and as the query', async () => {
    const seen = new Set<string>();
    for (const path of ['manifest.json', encode, 'onnx/decode.onnx', 'onnx/weights.bin']) {
      server.answers.set(path, (response, bytes, { headers, url }) => {
        seen.add(`${headers.authorization} ${url?.split('?')[1]}`);
        response.end(bytes);
      });
    }
    const events = await load(withSecrets(server.url));
    expect([...seen]).toEqual([`Basic ${Buffer.from('xena:sécret%').toString('base64')} token=1`]);
    expect(JSON.stringify(events)).not.toMatch(secrets);
  });

  test('do not reach another origin, nor come back from there', async () => {
    const seen: [string, string | undefined][] = [];
    const back: Answer = (response, bytes, { headers }) => {
      seen.push(['back', headers.authorization]);
      response.end(bytes);
    };
    server.answers.set(encode, redirect(`${other.url}/there`));
    other.answers.set('there', (response, _, { headers, url }) => {
      seen.push([url as string, headers.authorization]);
      response
        .writeHead(307, { location: `${server.url.replace('//', '//eve:evil@')}/onnx/back.onnx` })
        .end();
    });
    server.answers.set('onnx/back.onnx', back);
    await refusal(withSecrets(server.url));
    expect(seen).toEqual([
      ['/model/there', undefined],
      ['back', undefined],
    ]);
  });

  test('stay within one origin', async () => {
    const seen: unknown[] = [];
    server.answers.set(encode, redirect('/model/moved'));
    server.answers.set('moved', (response, _, { headers }) => {
      seen.push(headers.authorization);
      response.writeHead(404).end();
    });
    await refusal(withSecrets(server.url));
    expect(seen).toEqual([expect.stringMatching(/^Basic /)]);
  });

  test.each<[string, () => string, Answer | undefined]>([
    ['a server that refuses', () => server.url, (response) => response.writeHead(403).end()],
    ['a server that fails', () => server.url, (response) => response.writeHead(503).end()],
    ['a file that is missing', () => server.url, (response) => response.writeHead(404).end()],
    ['a page', () => server.url, (response) => response.setHeader('content-type', 'text/html').end()],
    ['a connection that breaks', () => server.url, (response) => response.destroy()],
    ['a redirect that is refused', () => server.url, redirect('ftp://xena:secret@example.org/?token=1')],
    ['a redirect in a circle', () => server.url, redirect('/model/manifest.json?token=1')],
    ['a port that nobody listens on', () => 'http://127.0.0.1:9/model', undefined],
    ['a name that is unknown', () => 'http://no.invalid/model', undefined],
    ['no address', () => 'http://[::x/model', undefined],
    ['no port', () => 'http://example.org:x/model', undefined],
  ])('are in no part of the error: %s', async (_, url, answer) => {
    if (answer) server.answers.set('manifest.json', answer);
    const error = await refusal(withSecrets(url()));
    expect(error.message).not.toBe('it loads');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(secrets);
  });

  test.each([
    ['https://xena:secret@example.org/a?token=1#token', 'https://example.org/a'],
    ['https://xena:secret@example.org', 'https://example.org/'],
    ['http://xena@[::x/a?token', 'http://[::x/a'],
    ['xena:secret@host/a', 'host/a'],
    ['https://example.org/@/a', 'https://example.org/@/a'],
    ['https://example.org/\u001b[2J?x', 'https://example.org/%1B[2J'],
    ['no \u001b address', 'no \\u{1b} address'],
  ])('are not shown: %s', (address, shown) => {
    expect(
      shownAddress(URL.canParse(address) && !address.startsWith('xena') ? new URL(address) : address),
    ).toBe(shown);
  });

  test('a percent sign in a password may stand for itself', () => {
    const url = new URL('https://xena:50%@example.org/');
    expect(takeCredentials(url)).toBe(`Basic ${btoa('xena:50%')}`);
    expect(url.href).toBe('https://example.org/');
    expect(takeCredentials(url)).toBeUndefined();
  });
});

describe('redirects', () => {
  const chain = (hops: number) => {
    for (let hop = 1; hop <= hops; hop++) server.answers.set(`hop${hop}`, redirect(`/model/hop${hop - 1}`));
    server.answers.set(encode, redirect(`/model/hop${hops}`));
  };

  test.each([301, 302, 303, 307, 308])('of status %d are followed', async (status) => {
    server.answers.set(encode, redirect(`${other.url}/${encode}`, status));
    await load(server.url);
    expect(other.asked).toEqual([encode]);
  });

  test('are followed five times, not six times', async () => {
    server.answers.set('hop0', redirect(`${other.url}/${encode}`));
    chain(3);
    await load(server.url);
    chain(4);
    expect((await refusal(server.url)).message).toBe(
      `${server.url}/${encode}: the server redirects more than 5 times`,
    );
  });

  test.each([
    ['file:///etc/passwd', 'file:///etc/passwd, which is not an http or https address'],
    ['data:text/plain,x', 'data:text/plain,x, which is not an http or https address'],
    ['http://[', 'to no address'],
  ])('to %s are refused', async (location, message) => {
    const closed = new Promise((resolve) => {
      server.answers.set(encode, (response, bytes, request) => {
        request.socket.once('close', resolve);
        response.writeHead(302, { location }).write(bytes);
      });
    });
    const error = await refusal(server.url);
    expect(error.message).toContain(message);
    expect(error).not.toBeInstanceOf(UnreachableError);
    await closed;
  });

  test('may lead from http to https, and not back', () => {
    expect(redirected(new URL('http://a.org/x'), 'https://b.org/').href).toBe('https://b.org/');
    expect(() => redirected(new URL('https://a.org/x'), 'http://a.org/y?secret')).toThrow(
      new RefusedError('the server redirects to http://a.org/y, which is not https'),
    );
  });
});

describe('answers that are not the file', () => {
  test.each<[string, Answer, string]>([
    ['a part', (response, bytes) => response.writeHead(206).end(bytes), 'answers 206 Partial Content'],
    ['nothing', (response) => response.writeHead(204).end(), 'answers 204 No Content'],
    ['nothing new', (response) => response.writeHead(304).end(), 'answers 304 Not Modified'],
    ['a redirect without a place', (response) => response.writeHead(302).end(), 'answers 302 Found'],
    ['status 299', (response, bytes) => response.writeHead(299).end(bytes), 'answers 299 unknown'],
    ['status 799', (response) => response.writeHead(799, 'odd').end(), 'answers 799 odd; try again later'],
    [
      'a compression that was not asked for',
      (response, bytes) => response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(bytes),
      'the server compresses it as "gzip, gzip", not as asked',
    ],
    [
      'gzip that is none',
      (response, bytes) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes),
      'the connection broke off after 0 bytes: incorrect header check',
    ],
  ])('%s is an error that says so', async (_, answer, message) => {
    server.answers.set(encode, answer);
    expect((await refusal(server.url)).message).toContain(
      `${server.url}/${encode}: the server`.slice(0, -11),
    );
    expect((await refusal(server.url)).message).toContain(message);
  });

  test.each<[string, string, string]>([
    [
      'a status with terminal controls',
      'HTTP/1.1 403 \u001b[2Jno\u009b\r\n\r\n',
      'the server answers 403 \\u{1b}[2Jno\\u{9b}',
    ],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', 'cannot be fetched: Parse Error: Expected HTTP/'],
    [
      'headers without end',
      `HTTP/1.1 200 OK\r\n${'x-flood: 0123456789\r\n'.repeat(9999)}`,
      'Header overflow',
    ],
    [
      'another protocol',
      'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'another protocol',
    ],
    ['two sizes', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx', 'Parse Error'],
  ])('%s is an error that says so', async (_, answer, message) => {
    const raw = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(answer, 'latin1'));
    });
    await new Promise<void>((listening) => raw.listen(0, '127.0.0.1', listening));
    const { port } = raw.address() as AddressInfo;
    const error = await refusal(`http://127.0.0.1:${port}/model`, { idleTimeoutMs: 2000 });
    expect(error.message).toContain(message);
    await new Promise((closed) => raw.close(closed)); // the client has let go of every connection
  });

  test.each([
    ['manifest.json', 2 ** 25, 'has more than'],
    ['golden.safetensors', 1, 'manifest.json says'],
  ])('%s of another size is hung up on before it is read', async (path, size, message) => {
    const closed = new Promise((resolve) => {
      server.answers.set(path, (response, _, request) => {
        request.socket.once('close', resolve);
        response.writeHead(200, { 'content-length': size }).flushHeaders();
      });
    });
    expect((await refusal(server.url, { selfTest: true })).message).toContain(message);
    await closed;
  });
});

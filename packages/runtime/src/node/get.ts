import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { printable } from '@glow-onnx/flow/manifest';
import { shownAddress, takeCredentials } from '../folder/stores/address.js';
import { type Answer, type Get, type GetOptions, RefusedError } from '../folder/stores/answer.js';
import { version } from '../version.js';
import { createReach, type Reach } from './reach.js';

const mostRedirects = 5;

/**
 * Makes the requests of one load. Unlike fetch, it looks at each redirect and at each address before it connects: it
 * follows at most five redirects, none from https to http or to another protocol, and none into a private network.
 * Another origin does not get the header Authorization.
 */
export function createGet(privateRedirects = false): Get {
  const reach = createReach(privateRedirects);
  const agents = { 'http:': agentLike(http, reach), 'https:': agentLike(https, reach) };
  return async (start, options) => {
    let { authorization } = options;
    let url = start;
    const headers: IncomingHttpHeaders = {};
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const agent = agents[url.protocol as keyof typeof agents];
      const response = await request(url, { ...options, authorization }, reach, agent);
      if (url.origin === start.origin) Object.assign(headers, response.headers);
      const location = locationOf(response);
      if (location === undefined) return answerOf(response, headers);
      response.destroy();
      const next = redirected(url, location);
      if (next.origin !== url.origin) authorization = undefined;
      url = next;
    }
    throw new RefusedError(`the server redirects more than ${mostRedirects} times`);
  };
}

/**
 * An agent with the settings of the program's own, such as a proxy. It looks up names within reach, and reuses no
 * connection: an open one would go wherever it was opened to, unchecked.
 */
function agentLike({ Agent, globalAgent }: typeof http | typeof https, { lookup }: Reach): http.Agent {
  const { options } = globalAgent as { readonly options?: http.AgentOptions }; // not in Node's types
  return new Agent({ ...options, keepAlive: false, lookup });
}

function request(
  url: URL,
  { authorization, signal }: GetOptions,
  { check }: Reach,
  agent: http.Agent,
): Promise<IncomingMessage> {
  const headers = {
    accept: '*/*',
    'accept-encoding': Object.keys(decoders).join(', '),
    'cache-control': 'no-cache',
    'user-agent': `glow-onnx/${version}`,
    ...(authorization && { authorization }),
  };
  return new Promise((resolve, reject) => {
    check(url.hostname);
    const send = url.protocol === 'https:' ? https.get : http.get;
    send(url, { agent, headers, signal }, resolve)
      .on('error', reject)
      .on('upgrade', (_, socket) => {
        socket.destroy();
        reject(new Error('the server switches to another protocol'));
      });
  });
}

function locationOf({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  return [301, 302, 303, 307, 308].includes(statusCode) ? headers.location : undefined;
}

/**
 * The address that a redirect leads to, without user and password.
 * @throws RefusedError if it is not http or https, or if it leaves https.
 */
export function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new RefusedError('the server redirects to no address');
  const url = new URL(location, from);
  takeCredentials(url);
  if (url.protocol === 'https:' || url.protocol === from.protocol) return url;
  const expected = url.protocol === 'http:' ? 'https' : 'an http or https address';
  throw new RefusedError(
    `the server redirects to ${shownAddress(url).slice(0, 200)}, which is not ${expected}`,
  );
}

const decoders = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** @throws RefusedError if the body is compressed in a way that was not asked for. */
function answerOf(response: IncomingMessage, fromOrigin: IncomingHttpHeaders): Answer {
  const { statusCode = 0, statusMessage = '', headers } = response;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  const isPlain = encoding === '' || encoding === 'identity';
  if (!isPlain && !Object.hasOwn(decoders, encoding)) {
    response.destroy();
    throw new RefusedError(`the server compresses it as "${printable(encoding.slice(0, 50))}", not as asked`);
  }
  const length = headers['content-length'];
  return {
    status: statusCode,
    statusText: statusMessage,
    type: headers['content-type'],
    header: (name) => fromOrigin[name]?.toString(),
    cancel: () => void response.destroy(),
    file: {
      // Content-Length counts bytes before decompression.
      size: isPlain && length !== undefined ? Number(length) : undefined,
      // Errors of both streams reach the reader of the last.
      pieces: () =>
        isPlain
          ? response
          : pipeline(response, decoders[encoding as keyof typeof decoders](), () => undefined),
    },
  };
}

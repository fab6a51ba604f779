import { readdirSync, readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { answerApi, answerBlob, isLarge } from './hub-api.js';
import { Repositories, sha256, type Tree } from './hub-repositories.js';

export interface HubRequest {
  readonly at: 'hub' | 'cdn';
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: string | undefined;
}

export type HubAnswer = (response: ServerResponse, request: IncomingMessage) => void;

/** A model hub on this machine, which speaks the addresses of huggingface.co. Large files come from another origin. */
export interface HubServer {
  /** Changes with each `reset`: a request that is late belongs to no test. */
  readonly endpoint: string;
  readonly cdn: string;
  readonly repositories: Repositories;
  readonly requests: HubRequest[];
  /** What to do in place of answering a request whose path ends so, or each of the `cdn`; cleared by `reset`. */
  readonly answers: Map<string, HubAnswer>;
  /** Whether the hub says which commit an answer belongs to. Mirrors may not. */
  statesCommit: boolean;
  reset(): void;
  close(): Promise<void>;
}

export const readToken = 'hf_read';
export const writeToken = 'hf_write';

export async function startHub(): Promise<HubServer> {
  const repositories = new Repositories();
  const blobs = new Map<string, Buffer>();
  const requests: HubRequest[] = [];
  const answers = new Map<string, HubAnswer>();
  let round = 1;
  /** Records a request, and gives its path; undefined if it is late. */
  const receive = (at: HubRequest['at'], { method = '', url = '', headers }: IncomingMessage) => {
    const [, of, path = ''] = /^\/(\d+)(\/.*)$/.exec(url) ?? [];
    if (Number(of) !== round) return undefined;
    requests.push({ at, method, path, authorization: headers.authorization });
    return new URL(path, 'http://x').pathname;
  };
  const cdn = await listen((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    const path = receive('cdn', request);
    if (path === undefined) return void response.writeHead(410).end();
    const answer = answers.get('cdn');
    if (answer) return answer(response, request);
    answerBlob(blobs, path, request, response);
  });
  const server = await listen(async (request, response) => {
    allowPages(response);
    if (request.method === 'OPTIONS') return void response.end();
    const pathname = receive('hub', request);
    if (pathname === undefined) return void response.writeHead(410).end();
    const [, answer] = [...answers].find(([end]) => pathname.endsWith(end)) ?? [];
    if (answer) return answer(response, request);
    const token = request.headers.authorization?.replace('Bearer ', '');
    if (token !== undefined && token !== readToken && token !== writeToken) {
      const headers = { 'x-error-message': 'Invalid credentials in Authorization header' };
      return void response.writeHead(401, headers).end();
    }
    const api = { repositories, blobs, origin: hub.endpoint, cdn: hub.cdn, mayWrite: token === writeToken };
    if (await answerApi(api, pathname, request, response)) return;
    resolve(hub, blobs, pathname, token !== undefined, request, response);
  });
  const hub: HubServer = {
    get endpoint() {
      return `${originOf(server)}/${round}`;
    },
    get cdn() {
      return `${originOf(cdn)}/${round}`;
    },
    repositories,
    requests,
    answers,
    statesCommit: true,
    reset() {
      round++;
      repositories.clear();
      answers.clear();
      blobs.clear();
      requests.length = 0;
      hub.statesCommit = true;
    },
    async close() {
      for (const each of [server, cdn]) {
        each.closeAllConnections();
        await new Promise((closed) => each.close(closed));
      }
    },
  };
  return hub;
}

/** The files of a folder, as a repository holds them. */
export function treeOf(directory: string, under = ''): Tree {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [under + relative(directory, path).replaceAll('\\', '/'), readFileSync(path)];
    }),
  );
}

/** Gives a file: a small one after a redirect on this origin, a large one after a redirect to the other. */
function resolve(
  hub: HubServer,
  blobs: Map<string, Buffer>,
  pathname: string,
  hasToken: boolean,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const fail = (status: number, code: string) =>
    response.writeHead(status, { 'x-error-code': code }).end(code);
  const [, cached, name = '', revision = '', path = ''] =
    /^\/(api\/resolve-cache\/models\/)?([^/]+\/[^/]+)\/(?:resolve\/)?([^/]+)\/(.+)$/.exec(pathname) ?? [];
  const repository = hub.repositories.get(name);
  const isHidden = repository?.isPrivate && !hasToken;
  if (!repository || isHidden) return void fail(hasToken ? 404 : 401, 'RepoNotFound');
  if (repository.isGated && !hasToken) return void fail(401, 'GatedRepo');
  const wanted = decodeURIComponent(revision);
  const commit = repository.branches.get(wanted) ?? wanted;
  const tree = repository.commits.get(commit);
  if (!tree) return void fail(404, 'RevisionNotFound');
  if (hub.statesCommit) response.setHeader('x-repo-commit', commit);
  const bytes = tree.get(decodeURIComponent(path));
  if (!bytes) return void fail(404, 'EntryNotFound');
  const etag = `"${sha256(bytes)}"`;
  if (isLarge(path)) {
    blobs.set(sha256(bytes), bytes);
    const location = `${hub.cdn}/blob/${sha256(bytes)}?signature=1`;
    return void response
      .writeHead(302, { location, 'x-linked-etag': etag, 'x-linked-size': bytes.length })
      .end();
  }
  response.setHeader('etag', etag);
  if (cached === undefined) {
    const location = `${new URL(hub.endpoint).pathname}/api/resolve-cache/models/${name}/${commit}/${path}?etag=1`;
    return void response.writeHead(307, { location }).end();
  }
  if (headers['if-none-match'] === etag) return void response.writeHead(304).end();
  response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
}

function allowPages(response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', 'authorization');
  response.setHeader('access-control-expose-headers', 'X-Repo-Commit,X-Error-Code,X-Error-Message,ETag');
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

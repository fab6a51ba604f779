import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Repositories, sha256 } from './hub-repositories.js';

/** What the API of the hub needs to know. */
export interface HubApi {
  readonly repositories: Repositories;
  /** Large files by their sha256, as the other origin keeps them. */
  readonly blobs: Map<string, Buffer>;
  readonly origin: string;
  readonly cdn: string;
  readonly mayWrite: boolean;
}

export const isLarge = (path: string) => /\.(onnx|bin|safetensors|png)$/.test(path);

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Answers the requests by which a client writes: create, branch, preupload, LFS batch, commit. False: it is none. */
export async function answerApi(
  api: HubApi,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { repositories, blobs, origin, cdn } = api;
  const json = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  const body = request.method === 'POST' ? (await bodyOf(request)).toString() : '';
  const [, repository = '', action = '', rest = ''] =
    /^\/(?:api\/models\/)?([^/]+\/[^/]+?)(?:\.git)?\/(revision|branch|preupload|commit|info)\/(.+)$/.exec(
      path,
    ) ?? [];
  if (request.method === 'POST' && !api.mayWrite) return json(403, { error: 'this token may not write' });
  if (path === '/api/repos/create') {
    const { organization, name, visibility } = JSON.parse(body);
    if (repositories.get(`${organization}/${name}`)) return json(409, { error: 'it exists' });
    repositories.create(`${organization}/${name}`, { isPrivate: visibility === 'private' });
    return json(200, { url: `${origin}/${organization}/${name}`, id: `${organization}/${name}` });
  }
  const found = repositories.get(repository);
  if (action === '') return false;
  if (!found) return json(404, { error: 'Repository not found' });
  const branch = decodeURIComponent(rest);
  switch (action) {
    case 'revision':
      return json(200, { _id: '1', id: repository, private: found.isPrivate, lastModified: '2026-11-30' });
    case 'branch':
      if (found.branches.has(branch)) return json(409, { error: 'it exists' });
      found.branches.set(branch, found.branches.get('main') as string);
      return json(200, {});
    case 'preupload': {
      if (!found.branches.has(branch)) return json(404, { error: `Invalid rev id: ${branch}` });
      const { files } = JSON.parse(body) as { files: { path: string }[] };
      return json(200, {
        files: files.map(({ path }) => ({ path, uploadMode: isLarge(path) ? 'lfs' : 'regular' })),
      });
    }
    case 'info': {
      const { objects } = JSON.parse(body) as { objects: { oid: string; size: number }[] };
      const upload = (oid: string) => ({ upload: { href: `${cdn}/upload/${oid}?signature=1` } });
      return json(200, {
        transfer: 'basic',
        objects: objects.map(({ oid, size }) => ({
          oid,
          size,
          ...(!blobs.has(oid) && { actions: upload(oid) }),
        })),
      });
    }
    default: {
      const files = new Map<string, Buffer>();
      for (const line of body.split('\n')) {
        const { key, value } = JSON.parse(line);
        if (key === 'file') files.set(value.path, Buffer.from(value.content, 'base64'));
        if (key !== 'lfsFile') continue;
        const bytes = blobs.get(value.oid);
        if (!bytes) return json(400, { error: `LFS pointer to ${value.oid}, which was not uploaded` });
        files.set(value.path, bytes);
      }
      const commitOid = repositories.commit(repository, branch, files);
      return json(200, {
        commitOid,
        commitUrl: `${origin}/${repository}/commit/${commitOid}`,
        hookOutput: '',
      });
    }
  }
}

/** The other origin: takes and gives large files. Like S3, it refuses a second kind of authorization. */
export async function answerBlob(
  blobs: Map<string, Buffer>,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, action, oid = ''] = path.split('/');
  if (request.headers.authorization !== undefined) return void response.writeHead(400).end();
  if (action === 'upload') {
    const bytes = await bodyOf(request);
    if (sha256(bytes) !== oid) return void response.writeHead(400).end();
    blobs.set(oid, bytes);
    return void response.end();
  }
  const bytes = blobs.get(oid);
  if (!bytes) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
}

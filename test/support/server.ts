import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

export interface ServerOptions {
  /** Folder or file by the path it is served at: `/models/` → a folder of models. The longest match counts. */
  readonly mounts: Readonly<Record<string, string>>;
  /** Sends COOP and COEP, so that the page may share memory between threads. */
  readonly isolated?: boolean;
  /** Content-Security-Policy of every answer. */
  readonly csp?: string;
  /** Sees each request first, and answers it if it returns true. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface Server {
  /** Such as `http://localhost:41234`, which browsers count as secure. */
  readonly origin: string;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Serves an empty page at `/` and the mounts below it, a folder's index.html for a folder, on a free port. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
    requests.push(path);
    setHeaders(response, options);
    if (options.intercept?.(request, response)) return;
    if (path === '/') return void response.setHeader('Content-Type', types['.html'] as string).end(emptyPage);
    const file = fileOf(path, options.mounts);
    if (!file) return void response.writeHead(404).end();
    response.setHeader('Content-Type', types[extname(file.path)] ?? 'application/octet-stream');
    response.setHeader('Content-Length', file.bytes);
    createReadStream(file.path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const emptyPage = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title>';

function setHeaders(response: ServerResponse, { isolated = false, csp }: ServerOptions): void {
  response.setHeader('Vary', 'Origin'); // as vite preview does; caches then tell requests apart by it
  if (isolated) {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  }
  if (csp !== undefined) response.setHeader('Content-Security-Policy', csp);
}

function fileOf(path: string, mounts: ServerOptions['mounts']): { path: string; bytes: number } | undefined {
  const fits = (prefix: string) => path === prefix || (prefix.endsWith('/') && path.startsWith(prefix));
  const [prefix] = Object.keys(mounts)
    .filter(fits)
    .sort((a, b) => b.length - a.length);
  if (prefix === undefined) return undefined;
  const file = join(mounts[prefix] as string, path.slice(prefix.length));
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isDirectory() && path.endsWith('/')) return fileOf(`${path}index.html`, mounts);
  return stats?.isFile() ? { path: file, bytes: stats.size } : undefined;
}

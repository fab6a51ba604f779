import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export type Answer = (response: ServerResponse, bytes: Buffer, request: IncomingMessage) => void;

/** A model folder on a server of this machine. */
export interface ModelServer {
  readonly url: string;
  /** Paths inside the folder that were asked for, in order. */
  readonly asked: string[];
  /** What to do in place of sending a file; cleared by the test that set it. */
  readonly answers: Map<string, Answer>;
  close(): Promise<void>;
}

export async function serveFolder(directory: string): Promise<ModelServer> {
  const asked: string[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer(async (request, response) => {
    const path = new URL(request.url as string, 'http://x').pathname.replace('/model/', '');
    asked.push(path);
    const bytes = await readFile(join(directory, path)).catch(() => undefined);
    const answer = answers.get(path);
    if (answer) return answer(response, bytes ?? Buffer.alloc(0), request);
    if (bytes) response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    else response.writeHead(404).end('not here');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`,
    asked,
    answers,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { documentOf, nothing } from './document.js';

/** The report of a run as a page on this machine, which renews itself. */
export interface LiveReport {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  /** Gives the last report to the pages that are open, for at most two seconds, and ends. */
  close(): Promise<void>;
}

/** How often the server looks for a newer report while a page waits for it. */
const LOOK_MS = 500;
const CLOSE_MS = 2000;

/**
 * Asks for the next report, which the server answers when it is there, and shows it. So a page in the background, whose
 * timers browsers slow down, has the last report too.
 */
const script = `
const note = document.querySelector('#live');
async function follow(version) {
  const answer = await fetch('/', { headers: { 'if-none-match': version } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.querySelector('main').replaceWith(page.querySelector('main'));
  document.title = page.title;
  const { textContent, dataset } = page.querySelector('#live');
  note.textContent = textContent;
  note.dataset.version = dataset.version;
  return dataset.ended === undefined;
}
async function followAll() {
  for (let goesOn = true; goesOn; ) {
    try {
      goesOn = await follow(note.dataset.version);
    } catch {
      note.textContent = 'The training does not answer. This is the last report that it gave.';
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
  }
}
followAll();
`;
const scriptHash = createHash('sha256').update(script).digest('base64');

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; ` +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Serves `report.html` of a run folder on a free port of 127.0.0.1, and nothing else. Requests for another host name
 * are refused, so that no page of the web can read the report through a name that leads here.
 */
export async function serveReport(run: string): Promise<LiveReport> {
  const path = join(run, 'report.html');
  const writtenBefore = await writtenAt(path); // by a run that this one replaces
  let ended = false;
  let answeredAt = Number.NEGATIVE_INFINITY;
  let told = false; // whether the last answer said that the training has ended
  const answer = async (request: IncomingMessage, response: ServerResponse, port: number): Promise<void> => {
    const status = statusOf(request, port);
    if (status !== 200) {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${status}\n`);
      return;
    }
    let isLast = ended;
    let written = await writtenAt(path);
    while (!isLast && request.headers['if-none-match'] === String(written) && !response.destroyed) {
      await setTimeout(LOOK_MS, undefined, { ref: false });
      isLast = ended;
      written = await writtenAt(path);
    }
    const report = written === writtenBefore ? notYet : await readFile(path, 'utf8');
    const page = live(report, String(written), isLast);
    answeredAt = performance.now();
    told = isLast;
    await finished(response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : page));
  };
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pending = new Set<Promise<void>>();
  server.on('request', (request, response) => {
    const answered = answer(request, response, port)
      .catch(() => void response.destroy())
      .finally(() => pending.delete(answered));
    pending.add(answered);
  });
  server.unref();
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      ended = true;
      const deadline = performance.now() + CLOSE_MS;
      // A page that has just got a report is about to ask for the next one.
      const isAwaited = (): boolean =>
        pending.size > 0 || (!told && performance.now() - answeredAt < CLOSE_MS);
      while (isAwaited() && performance.now() < deadline) await setTimeout(LOOK_MS / 10);
      server.close();
      server.closeAllConnections();
    },
  };
}

/** When a file was written. Undefined if it does not exist. */
async function writtenAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}

function statusOf({ method, url, headers: { host } }: IncomingMessage, port: number): number {
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return 403;
  if (url !== '/') return 404;
  return method === 'GET' || method === 'HEAD' ? 200 : 405;
}

const notYet = documentOf('Training', nothing('The report appears after the first validation.'));

/** The report with a line above it and the script that renews it. */
function live(report: string, version: string, ended: boolean): string {
  const text = ended ? 'The training has ended.' : 'The training goes on. This page renews itself.';
  const note = `<p id="live" role="status" data-version="${version}"${ended ? ' data-ended' : ''}>${text}</p>`;
  return report.replace('<main>', `${note}<main>`).replace('</html>', `<script>${script}</script></html>`);
}

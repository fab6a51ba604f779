import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { documentOf, nothing } from './document.js';

/** The report of a run as a page on this machine, which renews itself. */
export interface LiveReport {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  /** Lets an open page take the last report, for at most two seconds, and ends. */
  close(): Promise<void>;
}

/** How often the page asks for a newer report. */
const POLL_MS = 1000;
/** A page that has asked within this time is still open. */
const OPEN_MS = 2 * POLL_MS;

/** Replaces what the page shows. It asks no more after the end of the run. */
const script = `
const note = document.querySelector('#live');
const poll = setInterval(async () => {
  try {
    const text = await (await fetch('/')).text();
    const page = new DOMParser().parseFromString(text, 'text/html');
    const [before, after] = [document, page].map((one) => one.querySelector('main'));
    if (before.innerHTML !== after.innerHTML) before.replaceWith(after);
    document.title = page.title;
    note.textContent = page.querySelector('#live').textContent;
    if (page.querySelector('#live').dataset.ended) clearInterval(poll);
  } catch {
    note.textContent = 'The training does not answer any more. This is the last report that it gave.';
  }
}, ${POLL_MS});
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
  let asked = Number.NEGATIVE_INFINITY;
  let tellEnd = (): void => {};
  const answer = async (request: IncomingMessage, response: ServerResponse, port: number): Promise<void> => {
    const status = statusOf(request, port);
    if (status !== 200) {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${status}\n`);
      return;
    }
    asked = performance.now();
    const last = ended;
    const isNew = (await writtenAt(path)) !== writtenBefore;
    const report = isNew ? await readFile(path, 'utf8') : notYet;
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : live(report, last));
    if (last) response.once('close', tellEnd);
  };
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.on('request', (request, response) => {
    answer(request, response, port).catch(() => response.destroy());
  });
  server.unref();
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      const told = new Promise<void>((resolve) => {
        tellEnd = resolve;
      });
      ended = true;
      const isOpen = performance.now() - asked < OPEN_MS;
      const timer = setTimeout(tellEnd, isOpen ? OPEN_MS : 0);
      await told;
      clearTimeout(timer);
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
function live(report: string, ended: boolean): string {
  const text = ended ? 'The training has ended.' : 'The training goes on. This page renews itself.';
  const note = `<p id="live" role="status"${ended ? ' data-ended="true"' : ''}>${text}</p>`;
  return report.replace('<main>', `${note}<main>`).replace('</html>', `<script>${script}</script></html>`);
}

import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LiveReport, serveReport } from '../../../../packages/trainer/src/report/live-report.js';

let run: string;
let live: LiveReport;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'live-report-'));
  live = await serveReport(run);
});
afterEach(async () => {
  await Promise.all([live.close(), ask().catch(() => {})]); // else it waits for a page that has just got a report
  await rm(run, { recursive: true });
});

/** An answer to a request with these headers, which `fetch` would not send. */
function ask(
  path = '/',
  { method = 'GET', ...headers }: { method?: string; [header: string]: string | undefined } = {},
) {
  return new Promise<{ status: number | undefined; text: string; csp: unknown }>((resolve, reject) => {
    const options = { method, path, agent: false as const, headers };
    request(live.url, options, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      const csp = response.headers['content-security-policy'];
      response.on('end', () => resolve({ status: response.statusCode, text, csp }));
    })
      .on('error', reject)
      .end();
  });
}

const writeReport = (main: string) =>
  writeFile(join(run, 'report.html'), `<!doctype html><html><main>${main}</main></html>`);

test('the address is on this machine alone', () => {
  expect(live.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
});

test('the page is the newest report, and says until then that it will come', async () => {
  expect((await ask()).text).toContain('The report appears after the first validation.');
  await writeReport('step 1');
  expect((await ask()).text).toContain('<main>step 1</main>');
  await writeReport('step 2');
  expect((await ask()).text).toContain('<main>step 2</main>');
});

test('the report of a run that this one replaces is not shown, and the next one is', async () => {
  await writeReport('of yesterday');
  await utimes(join(run, 'report.html'), new Date(0), new Date(0));
  await live.close();
  live = await serveReport(run);
  expect((await ask()).text).not.toContain('of yesterday');
  await writeReport('of today');
  expect((await ask()).text).toContain('of today');
});

test.each([
  ['another name that leads to this machine', '/', { host: 'rebound.example' }, 403],
  ['another port', '/', { host: '127.0.0.1:1' }, 403],
  ['a file of the run', '/metrics.jsonl', {}, 404],
  ['a path that leads out', '/../../etc/passwd', {}, 404],
  ['a query', '/?a', {}, 404],
  ['a method that changes something', '/', { method: 'POST' }, 405],
])('%s is refused', async (_, path, options, status) => {
  await writeFile(join(run, 'metrics.jsonl'), '{"step":1}');
  const answer = await ask(path, options);
  expect(answer).toEqual({ status, text: `${status}\n`, csp: undefined });
});

const versionOf = (text: string) => String(/data-version="([^"]*)"/.exec(text)?.[1]);

test('a page that has the newest report gets the next one when it is there', async () => {
  const first = await ask();
  const next = ask('/', { 'if-none-match': versionOf(first.text) });
  await writeReport('the next');
  expect((await next).text).toContain('<main>the next</main>');
});

test('a page that has just got a report gets the last one before the server ends', async () => {
  await ask();
  const closing = live.close();
  expect((await ask()).text).toContain('data-ended>The training has ended.');
  await closing;
});

test('a page that waits gets the last report before the server ends', async () => {
  await writeReport('the last');
  const { text } = await ask();
  const waiting = ask('/', { 'if-none-match': versionOf(text) });
  await ask(); // so that the server has the first request too
  await live.close();
  expect((await waiting).text).toMatch(/data-ended>The training has ended.*<main>the last<\/main>/s);
  await expect(ask()).rejects.toThrow('ECONNREFUSED');
});

test('the policy of the page allows its one script, and requests to nobody else', async () => {
  const { csp } = await ask();
  expect(csp).toContain("default-src 'none'");
  expect(csp).toMatch(/script-src 'sha256-[\w+/=]+';/);
  expect(csp).toContain("connect-src 'self'");
});

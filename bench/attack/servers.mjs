// Loads models from 35 hostile servers of this machine, each in a process of its own.
//   node bench/attack/servers.mjs [--count N] [--seed S] [--root FOLDER] [--verbose]
// --count: only N cases, in an order that --seed shuffles. --root: the checkout to attack, built, such as an older one.
// Exits with 1 if a load crashes, hangs, needs over 1 GB, gives other output than the honest model, or breaks another
// promise: secrets stay secret, no request reaches a private network, notes of the cache stay as they are.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow';
import { inPairs, report, runChild } from './run-child.mjs';
import { cases } from './server-cases.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    root: { type: 'string', default: resolve(here, '../..') },
    verbose: { type: 'boolean', default: false },
  },
});
const root = resolve(values.root);
const work = mkdtempSync(join(tmpdir(), 'glow-servers-'));
process.on('exit', () => rmSync(work, { recursive: true }));
const model = join(root, 'models/pixel-faces');

const secret = 'S3CRET';

function bytesAt(path) {
  try {
    return readFileSync(join(model, path));
  } catch {
    return undefined;
  }
}

async function listening(server) {
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${server.address().port}`;
}

/** A server of a model folder, with answers of its own for some paths. */
async function serve(answers, context, log) {
  const server = createServer((request, response) => {
    const [path] = request.url.replace('/model/', '').split('?');
    log.push({ path, authorization: request.headers.authorization });
    response.on('error', () => undefined);
    const bytes = bytesAt(path);
    const answer = answers[path];
    if (answer) answer(response, bytes ?? Buffer.alloc(0), context);
    else if (bytes) response.end(bytes);
    else response.writeHead(404).end();
  });
  return { origin: await listening(server), server };
}

async function serveRaw(raw) {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => raw(socket));
  });
  return { origin: await listening(server), server };
}

function close({ server }) {
  server.closeAllConnections?.();
  server.close();
}

async function attack({ name, answers = {}, raw, ...one }, random) {
  const logs = { hostile: [], other: [] };
  const context = { random };
  let manifests = 0;
  const honestOnce = (response, bytes) =>
    manifests++ === 0 ? response.end(bytes) : response.writeHead(503).end();
  const other = await serve(one.honestOnce ? { 'manifest.json': honestOnce } : {}, context, logs.other);
  const hostile = raw ? await serveRaw(raw) : await serve(answers, context, logs.hostile);
  Object.assign(context, {
    url: `${hostile.origin}/model`,
    other: `${other.origin}/model`,
    note: `self-test ${fingerprint} fp32 cpu ${runtime}`,
    offlineNote: `manifest of ${other.origin}/model/`,
  });
  const reachable = one.internet ? context.url.replace('127.0.0.1', one.host ?? 'models.test') : context.url;
  const url = one.secret ? `${reachable.replace('//', `//ada:${secret}@`)}?token=${secret}` : reachable;
  const cache = one.cache ? { cache: mkdtempSync(join(work, 'cache-')), selfTest: true } : {};
  const urls = one.steps?.({ url, honest: context.other }) ?? [url];
  const steps = urls.map((step) => ({ url: step, options: { ...cache, ...one.options } }));
  const preload = one.internet ? ['--import', join(here, 'public-names.mjs')] : [];
  const child = [...preload, join(here, 'server-child.mjs'), root, JSON.stringify(steps)];
  const ended = await runChild(child, { cwd: work });
  for (const each of [hostile, other]) close(each);
  return { name, ...outcomeOf(ended, one, logs) };
}

function outcomeOf({ how, text, result }, { broken = () => undefined }, logs) {
  if (how !== 'done') return { outcome: how, text };
  const promise = broken(result, logs) || (result.told.includes(secret) && 'the secret is told');
  if (promise) return { outcome: 'other', text: promise };
  if (result.error !== undefined) return { outcome: 'refused', text: result.error };
  return { outcome: result.digest === honest ? 'right' : 'other', text: result.digest };
}

const fingerprint = createHash('sha256').update(bytesAt('manifest.json')).digest('hex');
const child = [join(here, 'server-child.mjs'), root, JSON.stringify([{ url: model }])];
const { result, text: failure } = await runChild(child, { cwd: work });
if (result?.digest === undefined)
  throw new Error(`the honest model does not load: ${result?.error ?? failure}`);
const { digest: honest, runtime } = result;

const random = createRandom(Number(values.seed));
const order = cases.map((one) => ({ one, key: random.uniform() })).sort((a, b) => a.key - b.key);
const found = [];
await inPairs(order.slice(0, Number(values.count ?? cases.length)), async ({ one }) => {
  const ended = await attack(one, random);
  found.push(ended);
  if (values.verbose)
    console.log(`${ended.outcome.padEnd(8)} ${ended.name}: ${String(ended.text).slice(0, 200)}`);
});
console.log(`${found.length} servers`);
process.exitCode = report(found.map((one) => ({ ...one, text: String(one.text) }))) ? 0 : 1;

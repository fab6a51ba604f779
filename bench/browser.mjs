// The SDK in Chromium: loading, first and steady calls, memory, the cost over ONNX Runtime's own session, and the same flow in
// TensorFlow.js, on wasm with one thread and with all, in the page and in a worker; on WebGPU and WebGL where there is a GPU.
//
//     npm run bench:browser -- [--seconds 1] [--only faces] [--out out/browser] [--json]
//
// Each result is a line of results.jsonl in --out as soon as it is found, until all are printed: after an interruption, the
// same command goes on, on the same day and machine, with the same code and Chromium.
// Chromium: CHROMIUM or /usr/bin/chromium. For WebGL: npm install --no-save @tensorflow/tfjs-backend-webgl@4.22.0.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { reportOf } from './browser/report.mjs';
import { machine, models, randomCheckpoint } from './models.mjs';
import { openResults } from './results-file.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: 'out/browser' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0))
  throw new RangeError(`browser: --seconds: expected a positive number, got ${values.seconds}`);
const root = fileURLToPath(new URL('browser', import.meta.url));
const repository = fileURLToPath(new URL('..', import.meta.url));
const site = mkdtempSync(join(tmpdir(), 'glow-browser-bench-'));
process.on('exit', () => rmSync(site, { recursive: true, force: true }));
const cores = availableParallelism();
const chosen = choose();
const code = codeHash();

const resultsFile = join(values.out, 'results.jsonl');
const { lines, keep } = openResults(resultsFile);

// Not minified: TensorFlow.js starts its threads from the text of a function that names others.
await build({
  root,
  logLevel: 'warn',
  base: '/',
  build: { outDir: site, target: 'esnext', emptyOutDir: true, minify: false },
});
cpSync(join(repository, 'node_modules/@tensorflow/tfjs-backend-wasm/dist'), join(site, 'tfjs'), {
  recursive: true,
  filter: (path) => !path.includes('.') || path.endsWith('.wasm'),
});
await prepare();
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const server = await preview({ root, logLevel: 'warn', build: { outDir: site }, preview: { headers } });
const origin = server.resolvedUrls.local[0];
try {
  const results = { machine: machine(), cores, ...(await measureAll()) };
  console.log(values.json ? JSON.stringify(results) : reportOf(results));
  rmSync(resultsFile, { force: true });
} finally {
  await server.close();
}
process.exit();

/** The shipped models, and those of the benchmarks with their checkpoints, whose names have --only in them. */
function choose() {
  const shipped = ['pixel-faces', 'fashion-mnist', 'photos'].map((name) => ({
    name: `models/${name}`,
    folder: `/models/${name}/`,
  }));
  const own = models.map(({ name, config }, i) => ({
    ...{ name, config, folder: `/bench/${i}/`, checkpoint: `/bench/${i}.safetensors` },
    large: config.hiddenChannels >= 512,
  }));
  const all = [...shipped, ...own];
  const found = all.filter(({ name }) => name.includes(values.only));
  if (found.length > 0) return found;
  const names = all.map(({ name }) => name).join('; ');
  throw new RangeError(`browser: --only: expected a part of one of ${names}, got ${values.only}`);
}

/** Writes the folders of the models into the site. */
async function prepare() {
  for (const { folder, config, checkpoint } of chosen) {
    if (config) {
      const start = randomCheckpoint(config);
      await exportModel(start, { out: join(site, folder) });
      writeFileSync(join(site, checkpoint), encodeCheckpoint(start));
    } else {
      cpSync(join(repository, folder), join(site, folder), { recursive: true });
    }
  }
}

/** A hash of the commit and of what differs from it. Of files that git does not track, only the names count. */
function codeHash() {
  const hash = createHash('sha256');
  for (const command of ['rev-parse HEAD', 'diff HEAD', 'status --porcelain']) {
    hash.update(execFileSync('git', command.split(' '), { cwd: repository, maxBuffer: 2 ** 30 }));
  }
  return hash.digest('hex');
}

async function measureAll() {
  const found = { version: undefined, gpu: undefined, sdk: [], overhead: [], beside: [] };
  const probe = await inChromium((page) => page.evaluate('bench.gpu()'));
  Object.assign(found, { version: probe.version, gpu: probe.value });
  const conditions = { seconds, machine: machine(), chromium: probe.version, code };
  const once = (what, measure) => keptOr({ ...what, ...conditions }, measure);
  const real = found.gpu && !found.gpu.software;
  const places = [
    { device: 'wasm', threads: 1, worker: false },
    { device: 'wasm', threads: 1, worker: true },
    ...(cores > 1 ? [{ device: 'wasm', threads: cores, worker: false }] : []),
    ...(real
      ? [
          { device: 'webgpu', worker: false },
          { device: 'webgpu', worker: true },
        ]
      : []),
  ];
  for (const { name, folder, large } of chosen) {
    const batches = large ? [1] : [1, 16];
    for (const place of places) {
      const { value, megabytes } = await once({ kind: 'sdk', name, ...place }, async (page, again) => {
        const first = await page.evaluate((arg) => bench.sdk(arg), { folder, batches, seconds, ...place });
        const cached = await (await again()).evaluate((arg) => bench.load(arg), { folder, ...place });
        return { ...first, cached };
      });
      found.sdk.push({ name, ...place, ...value, megabytes });
      console.error(`${name}, ${JSON.stringify(place)}: loaded in ${value.load.toFixed(0)} ms`);
    }
    if (large) continue;
    for (const threads of new Set([1, cores])) {
      const { value } = await once({ kind: 'overhead', name, threads }, (page) =>
        page.evaluate((arg) => bench.overhead(arg), { folder, batches, threads, seconds }),
      );
      found.overhead.push(...value.map((line) => ({ name, threads, ...line })));
    }
  }
  for (const { name, folder, checkpoint, large } of chosen.filter(({ checkpoint }) => checkpoint)) {
    const sides = [
      ...[...new Set([1, cores])].map((threads) => ({ backend: 'wasm', device: 'wasm', threads })),
      ...(real ? ['webgl', 'webgpu'].map((backend) => ({ backend, device: 'webgpu', threads: 1 })) : []),
    ];
    for (const side of sides) {
      const arg = {
        folder,
        checkpoint,
        batches: large ? [1] : [1, 16],
        tfjsWasm: '/tfjs/',
        seconds,
        ...side,
      };
      const { value } = await once({ kind: 'beside', name, ...side }, (page) =>
        page.evaluate((arg) => bench.beside(arg), arg),
      ).catch((error) => ({ value: [{ failure: error.message.split('\n')[0] }] }));
      found.beside.push(...value.map((line) => ({ name, ...side, ...line })));
      console.error(`${name}, TensorFlow.js ${side.backend}: ${value[0]?.failure ?? 'measured'}`);
    }
  }
  return found;
}

/** Measures in a Chromium, and keeps what it finds, unless an earlier run that was interrupted has found it. */
async function keptOr(what, measure) {
  const key = JSON.stringify(what);
  const before = lines.find((line) => line.key === key);
  if (before) return before.found;
  const found = await inChromium(measure);
  keep({ key, found });
  return found;
}

/** A Chromium of its own for one measurement, and the most memory of its processes for pages. */
async function inChromium(measure) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--enable-unsafe-webgpu',
      '--js-flags=--expose-gc',
    ],
  });
  try {
    const context = await browser.newContext();
    const open = async () => {
      const page = await context.newPage();
      page.setDefaultTimeout(0);
      await page.goto(origin);
      await page.waitForFunction(() => 'bench' in globalThis);
      return page;
    };
    const page = await open();
    const before = await peakOf(browser);
    let ofClosed = before;
    const value = await measure(page, async () => {
      ofClosed = await peakOf(browser); // its process may end with the page
      await page.close();
      return open();
    });
    const megabytes = Math.max(ofClosed, await peakOf(browser)) - before;
    return { value, version: browser.version(), megabytes };
  } finally {
    await browser.close();
  }
}

/** MB at the peak of the largest renderer; NaN where the system does not tell. */
async function peakOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const peaks = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => peakOfProcess(id));
  return Math.max(...peaks);
}

function peakOfProcess(id) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

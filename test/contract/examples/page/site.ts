import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../../../..');
const packages = ['flow', 'graph', 'runtime', 'exporter', 'trainer'].map((name) => `packages/${name}/dist`);
const inputs = ['examples/browser', 'models/faces', ...packages];
const lock = join(tmpdir(), 'glow-page.lock');
/** A lock older than this was left by a run that was killed. */
const staleMs = 120_000;

/** The static build of examples/browser, made once for these sources and shared between test files. */
export async function builtPage(): Promise<string> {
  const folder = join(tmpdir(), `glow-page-${hashOfInputs()}`);
  while (!existsSync(folder)) {
    if (!takeLock()) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    try {
      if (!existsSync(folder)) build(folder);
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
  return folder;
}

/** Two builds at once would write the same files of `public/`. */
function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const taken = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - taken > staleMs) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function build(folder: string): void {
  removeOld();
  const out = mkdtempSync(join(tmpdir(), 'glow-building-'));
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const args = ['build', 'examples/browser', '--outDir', out, '--emptyOutDir', '--logLevel', 'warn'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' }, // not Jest's
  });
  if (status !== 0) throw new Error(`vite build: ${stdout}\n${stderr}`);
  renameSync(out, folder);
}

function hashOfInputs(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of inputs) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|js|css|html|svg|json|safetensors)$/.test(name) && !/\.d\.ts$/.test(name))
      .filter((name) => !/^(dist|node_modules|public[\\/](model|faces\.json))/.test(name));
    for (const name of names.sort()) hash.update(name).update(readFileSync(join(root, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Builds of sources that were there more than an hour ago: each has 50 MB. */
function removeOld(): void {
  for (const name of readdirSync(tmpdir()).filter((each) => /^glow-(page|building)-/.test(each))) {
    const path = join(tmpdir(), name);
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

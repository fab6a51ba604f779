import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];

/**
 * An empty project outside of the repository into which the packed runtime is installed as the README says, with the
 * model of faces in public/models. What only builds the project is the repository's own: Vite, webpack, esbuild.
 */
export function createApp(): string {
  const app = mkdtempSync(join(tmpdir(), 'glow-app-'));
  cpSync(join(root, 'models/faces'), join(app, 'public/models/faces'), { recursive: true });
  return app;
}

/** What npm prints. */
export function npm(cwd: string, ...args: string[]): string {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return execFileSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8', stdio: [...stdio] });
}

export type PackageName = 'flow' | 'graph' | 'runtime' | 'exporter' | 'trainer' | 'serve' | 'glow-onnx';

/** The tarball of every package, packed once for all files of a run. */
export function tarballs(): Record<PackageName, string> {
  const run = process.env.TEST_RUN as string;
  const folder = join(run, 'packed');
  if (!existsSync(folder)) {
    const out = mkdtempSync(join(run, 'packing-'));
    npm(root, 'pack', '--workspaces', '--pack-destination', out);
    try {
      renameSync(out, folder);
    } catch {
      rmSync(out, { recursive: true }); // another test file was faster
    }
  }
  const named = readdirSync(folder).map((file) => [
    /^glow-onnx-([a-z]+)-/.exec(file)?.[1] ?? 'glow-onnx',
    join(folder, file),
  ]);
  return Object.fromEntries(named);
}

/** The README's commands for an installation from a clone, after `npm ci && npm run build`. */
export function installFromClone(app: string): void {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, recipe] = /```sh .*\nnpm ci && npm run build\n([^`]*npm pack [^`]*)```/.exec(readme) ?? [];
  if (!recipe?.includes('../my-app')) throw new Error('README.md does not say how to install from a clone');
  const commands = recipe
    .replaceAll('../my-app', app)
    .replaceAll(/^npm (pack|install)/gm, `$& ${quiet.join(' ')}`);
  execFileSync('bash', ['-e', '-c', commands], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
}

export function linkBundlers(app: string): void {
  mkdirSync(join(app, 'node_modules/.bin'), { recursive: true });
  for (const name of ['vite', 'webpack', 'webpack-cli', 'esbuild']) {
    const { bin = {} } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
    for (const [command, path] of Object.entries<string>(typeof bin === 'string' ? { [name]: bin } : bin)) {
      if (command !== name) continue; // webpack-cli brings webpack's command a second time
      symlinkSync(join(root, 'node_modules', name, path), join(app, 'node_modules/.bin', command));
    }
  }
}

/** Both ways of getting at a package in Node. */
export const moduleFormats = [
  { format: 'ES module', file: 'es.mjs', start: "import { loadGlow } from '@glow-onnx/runtime';" },
  { format: 'CommonJS', file: 'common.cjs', start: "const { loadGlow } = require('@glow-onnx/runtime');" },
] as const;

/** Takes a sample of models/pixel-faces through a second load of it, in a worker, and prints the device and 0 if no pixel changed. */
export function restoringProgram(start: string): string {
  return `${start}
(async () => {
  const faces = ${JSON.stringify(join(root, 'models/pixel-faces'))};
  const [first, second] = [await loadGlow(faces), await loadGlow(faces, { worker: true })];
  const [face] = await first.sample({ seed: 1 });
  const [same] = await second.reconstruct(face);
  console.log(first.device, Buffer.compare(Buffer.from(face.data), Buffer.from(same.data)));
  await Promise.all([first.dispose(), second.dispose()]);
})();`;
}

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** Options of rolldown that JSON can hold. */
export interface BundleOptions {
  /** Entry name → module, relative to the repository. */
  readonly input: Readonly<Record<string, string>>;
  /** Folder for the chunks, absolute. */
  readonly out: string;
  readonly minify?: boolean;
  /** Modules left out. */
  readonly external?: readonly string[];
}

/**
 * Bundles sources of this repository for a browser, as a user's bundler would its packages. In a process of its
 * own, since Jest cannot load rolldown.
 */
export function bundle({ input, out, minify = false, external = [] }: BundleOptions): void {
  const options = {
    cwd: root,
    input,
    external,
    platform: 'browser',
    resolve: {
      extensionAlias: { '.js': ['.ts', '.js'] },
      alias: {
        '#platform': `${root}/packages/runtime/src/browser/platform.ts`,
        '@glow-onnx/runtime': `${root}/packages/runtime/src`,
        '@glow-onnx/flow': `${root}/packages/flow/src`,
      },
    },
    output: { dir: out, format: 'esm', minify },
    logLevel: 'warn',
  };
  const script = "const { build } = await import('rolldown'); await build(JSON.parse(process.argv[1]));";
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script, JSON.stringify(options)],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`bundle: rolldown failed: ${stderr}`);
}

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { frameworkVersions } from './framework-versions.js';
import { npm, tarballs } from './installed-app.js';
import { runSnippet } from './run-snippet.js';
import { readSnippets, type Snippet } from './snippets.js';

const root = resolve(__dirname, '../..');
/** Next.js otherwise reports to its makers at the end of a build, and waits for them. */
process.env.NEXT_TELEMETRY_DISABLED = '1';

const installMark = 'not-run=test-frameworks-installs';

/** The app of a page in docs/frameworks, in a folder that is removed when the tests end. */
export interface FrameworkApp {
  readonly folder: string;
  /** The page's blocks that are not installation: files to write and commands to run, in this order. */
  readonly snippets: readonly Snippet[];
  /** Does what the page's blocks say, but those that `without` picks. */
  build(without?: (snippet: Snippet) => boolean): Promise<void>;
}

/**
 * Installs what a page says, with the packed packages and at the pinned versions.
 * @param page such as `next`.
 * @param models where the page wants the folder of models, such as `public/models`.
 * @throws Error if the page has no block that installs, or a package has no version in framework-versions.ts.
 */
export function createFrameworkApp(page: string, models: string): FrameworkApp {
  const folder = mkdtempSync(join(process.env.TEST_RUN as string, `${page}-`));
  mkdirSync(join(folder, models), { recursive: true });
  cpSync(join(root, 'models/faces'), join(folder, models, 'faces'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const all = readSnippets(join(root, `docs/frameworks/${page}.md`));
  const commands = all.filter(({ mark }) => mark === installMark).map(({ text }) => text);
  const names = commands.flatMap((text) =>
    text.split(/\s+/).filter((word) => !/^(|npm|install|-.*)$/.test(word)),
  );
  if (names.length === 0) throw new Error(`docs/frameworks/${page}.md has no block that installs`);
  npm(folder, 'install', '--prefer-offline', '--ignore-scripts', ...names.flatMap(specifiersOf));
  const snippets = all.filter(({ mark }) => mark !== installMark);
  return {
    folder,
    snippets,
    async build(without = () => false) {
      for (const snippet of snippets) if (!without(snippet)) await runSnippet(snippet, folder);
    },
  };
}

function specifiersOf(name: string): string[] {
  const { flow, graph, runtime } = tarballs();
  if (name === '@glow-onnx/runtime') return [flow, graph, runtime];
  const version = frameworkVersions[name];
  if (version === undefined) throw new Error(`test/support/framework-versions.ts has no version of ${name}`);
  return [`${name}@${version}`];
}

/** What a command prints in an app. */
export function runIn(folder: string, command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: quietEnvironment(),
    stdio: 'pipe',
  });
}

/** The environment without Jest's own options and without colours. */
export function quietEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_OPTIONS: '',
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    CI: '1',
  };
}

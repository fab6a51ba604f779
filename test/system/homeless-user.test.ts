import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative, resolve } from 'node:path';
import { prepareFolder } from '../contract/docs/folder.js';
import { isPrinted, readSnippets, type Snippet } from '../support/snippets.js';

/**
 * The README's commands as a container's user may run them: HOME is not set, the system has no entry for the user, the
 * path has a space and an umlaut, and nothing but the clone, the folder beside it and npm's cache can be written.
 *
 * npm itself ends with an error where HOME is not set, so it gets an empty one, and all that it runs gets none.
 */
const root = resolve(__dirname, '../..');
const snippets = readSnippets(join(root, 'README.md'));
const uid = 12_345;
const minutes = 60_000;

const parent = realpathSync(mkdtempSync(join(tmpdir(), 'glow-homeless-')));
const workplace = join(parent, 'my wörk');
const clone = join(workplace, 'glow-onnx');
const cache = join(parent, 'npm-cache');
const closed = join(parent, 'closed');
const shell = join(parent, 'shell');

/** What lets a command run as a user that the system does not know: root may become one, others need a namespace. */
const asStranger =
  process.getuid?.() === 0
    ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
    : ['unshare', `--map-user=${uid}`, `--map-group=${uid}`];
const isPossible = spawnSync(asStranger[0], [...asStranger.slice(1), 'true']).status === 0;
const describeStranger = isPossible
  ? describe
  : (name: string, body: () => void) => describe.skip(`${name} (root or a user namespace is needed)`, body);

/** Of the variables, those that say where the network is. */
const network = Object.entries(process.env).filter(([name]) =>
  /^(NODE_EXTRA_CA_CERTS|(https?|no|all)_proxy|npm_config_registry)$/i.test(name),
);
const env = {
  PATH: [
    dirname(process.execPath),
    ...(process.env.PATH ?? '').split(delimiter).filter((p) => !p.includes('node_modules')),
  ].join(delimiter),
  TMPDIR: closed,
  NO_COLOR: '1',
  npm_config_cache: cache,
  npm_config_script_shell: shell,
  ...Object.fromEntries(network),
};

const prelude = 'npm() { HOME= command npm "$@"; }; npx() { HOME= command npx "$@"; }\n';

function start(command: string, cwd: string): ChildProcess {
  return spawn(asStranger[0], [...asStranger.slice(1), 'bash', '-e', '-c', prelude + command], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** @returns what the command prints. @throws Error with all that it prints if it fails. */
async function run(command: string, cwd = clone): Promise<{ stdout: string; stderr: string }> {
  const child = start(command, cwd);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const code = await new Promise((ended) => child.on('close', ended));
  if (code !== 0) throw new Error(`${command}\nended with ${code}:\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

/** The README's block of commands that has this text, one command for another where it takes too long. */
function commands(text: string, shorter: (block: string) => string = (block) => block): string {
  const found = snippets.filter((one) => one.language === 'sh' && one.text.includes(text));
  if (found.length !== 1) throw new Error(`README.md has ${found.length} blocks of commands with "${text}"`);
  return shorter((found[0] as Snippet).text);
}

/** Of the sources alone, as `git clone` gives them. */
function isSource(path: string): boolean {
  const name = relative(root, path);
  if (/^packages\/\w+\/cjs\/./.test(name)) return basename(name) === 'package.json';
  return !/(^|\/)(node_modules|dist|\.git|out|runs|coverage|[^/]*\.tsbuildinfo)$|^docs\/api$/.test(name);
}

describeStranger('a user without a home', () => {
  beforeAll(async () => {
    for (const folder of [workplace, cache, closed]) mkdirSync(folder);
    cpSync(root, clone, { recursive: true, filter: isSource });
    const pictures = await prepareFolder('homeless');
    for (const name of ['photos', 'cat.png', 'dog.png'])
      cpSync(join(pictures, name), join(clone, name), { recursive: true });
    rmSync(pictures, { recursive: true });
    writeFileSync(shell, '#!/bin/sh\nunset HOME\nexec sh "$@"\n', { mode: 0o755 });
    chmodSync(parent, 0o755);
    chmodSync(closed, 0o555);
    if (process.getuid?.() === 0) spawnSync('chown', ['-R', `${uid}:${uid}`, workplace, cache]);
  }, minutes);
  afterAll(() => rmSync(parent, { recursive: true }), minutes);

  test('is one', async () => {
    const program =
      'console.log(process.getuid()); try { os.homedir() } catch (e) { console.log(e.code, e.info?.code) }';
    expect((await run(`node -e '${program}'`)).stdout).toBe(`${uid}\nERR_SYSTEM_ERROR ENOENT\n`);
    await expect(run(`touch '${closed}/file'`)).rejects.toThrow('Permission denied');
  });

  test(
    'installs and runs the quick start',
    async () => {
      const short = (block: string) => block.replace('run quickstart', '$& -- --seconds 10');
      const { stdout, stderr } = await run(commands('npm run quickstart', short));
      expect(stdout.match(/largest error of a pixel 0 of 31/g)).toHaveLength(2);
      expect(stderr).not.toMatch(/warn/i);
      await run('ls out/samples.png out/reconstructions.png out/interpolation.png out/trained-samples.png');
    },
    10 * minutes,
  );

  test(
    'plays with the page',
    async () => {
      const demo = start(commands('npm run demo').replace('npm ci && ', ''), clone);
      let printed = '';
      try {
        const address = await new Promise<string>((found, failed) => {
          const look = (chunk: Buffer) => {
            printed += chunk;
            const [match] = /http:\/\/localhost:\d+\//.exec(printed) ?? [];
            if (match) found(match);
          };
          demo.stdout?.on('data', look);
          demo.stderr?.on('data', look);
          demo.on('exit', (code) => failed(new Error(`npm run demo ended with ${code}: ${printed}`)));
        });
        expect(await (await fetch(address)).text()).toContain('<title>');
        expect((await fetch(`${address}model/manifest.json`)).status).toBe(200);
      } finally {
        if (demo.exitCode === null) process.kill(-(demo.pid as number), 'SIGINT');
      }
    },
    5 * minutes,
  );

  test(
    'trains on photos and uses the model from the command line',
    async () => {
      const short = (block: string) =>
        block.replace(
          '--recipe photos --time-budget 60 --open',
          '--size 32x32 --bits 5 --epochs 2 --batch 4',
        );
      await run(`npm run build && ${commands('npx glow-onnx train', short)}`);
      const { stdout, stderr } = await run(commands('npx glow-onnx info my-model'));
      expect(stdout).toContain('32');
      expect(stderr).not.toMatch(/uv_os_homedir|warn/i);
      await run('ls samples.png cat.safetensors decoded/* morph.png');
      expect((await run('npx glow-onnx doctor')).stdout).toContain(join(closed, `glow-onnx-${uid}`));
    },
    5 * minutes,
  );

  test(
    'installs into a project beside the clone and runs its first program',
    async () => {
      await run(commands('npm pack --silent --workspace packages/').replace('npm ci && ', ''));
      const program = snippets.find(
        (one) => one.language === 'js' && one.text.includes('loadGlow'),
      ) as Snippet;
      const app = join(workplace, 'my-app');
      writeFileSync(join(parent, 'face.mjs'), program.text);
      await run(`cp '${parent}/face.mjs' .`, app);
      const { stdout } = await run('node face.mjs', app);
      expect(isPrinted(program.prints as string, stdout)).toBe(true);
    },
    10 * minutes,
  );
});

import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { verifyFolder } from '@glow-onnx/exporter';
import { loadGlow } from '@glow-onnx/runtime';
import { share } from '../../../packages/glow-onnx/src/share/share.js';
import { type HubServer, readToken, startHub, treeOf, writeToken } from '../../support/hub/hub-server.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const command = resolve(__dirname, '../../../packages/glow-onnx/bin/glow-onnx.js');
let hub: HubServer;
let fixture: ModelFixture;
let work: string;
/** A copy of the fixture, with what else lies around in folders. */
let model: string;
const at = (name: string) => join(work, name);
const variables = ['HF_ENDPOINT', 'HF_TOKEN', 'HF_HOME', 'HF_HUB_OFFLINE'];
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));

beforeAll(async () => {
  hub = await startHub();
  fixture = await writeModelFixture(tinyConfig(), 41, { precision: ['fp32', 'int8-weights'] });
});
beforeEach(() => {
  hub.reset();
  work = mkdtempSync(join(tmpdir(), 'glow-share-'));
  model = at('model');
  cpSync(fixture.directory, model, { recursive: true });
  writeFileSync(join(model, 'samples.png'), 'a picture');
  writeFileSync(join(model, 'train.mjs'), 'a script');
  const card = readFileSync(join(model, 'README.md'), 'utf8');
  writeFileSync(
    join(model, 'README.md'),
    `${card}\n![Samples](samples.png)\n![](../secret.png) ![](https://x/y.png)\n`,
  );
  writeFileSync(at('secret.png'), 'secret');
  process.env.HF_ENDPOINT = hub.endpoint;
  process.env.HF_HOME = at('hf');
  process.env.HF_TOKEN = writeToken;
  delete process.env.HF_HUB_OFFLINE;
});
afterEach(() => rmSync(work, { recursive: true }));
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await Promise.all([hub.close(), fixture.remove()]);
});

async function run(...argv: string[]) {
  let [out, err] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const code = await share('glow-onnx', argv, terminal);
  return { code, out, err };
}
const filesOf = (directory: string) => [...treeOf(directory).keys()].sort();
const shared = [
  'README.md',
  'config.json',
  'golden.safetensors',
  'manifest.json',
  ...['decode.onnx', 'decode_int8w.onnx', 'encode.onnx', 'encode_int8w.onnx'].map((name) => `onnx/${name}`),
  ...['weights.bin', 'weights_int8w.bin'].map((name) => `onnx/${name}`),
  'samples.png',
].sort();
const branchOf = (name: string, branch = 'main') => {
  const repository = hub.repositories.get(name);
  return repository?.commits.get(repository.branches.get(branch) as string);
};

test('push uploads the files of the manifest, the card and its pictures, and pull gives the same folder', async () => {
  const pushed = await run('push', model, 'xena/faces');
  expect(pushed).toEqual({
    code: 0,
    out: expect.stringMatching(
      /^uploaded 11 files, .* to http:\/\/127\.0\.0\.1:\d+\/\d+\/xena\/faces\nto load it: loadGlow\('hf:xena\/faces'\)\n$/,
    ),
    err: '',
  });
  expect([...(branchOf('xena/faces')?.keys() ?? [])].sort()).toEqual(['.gitattributes', ...shared].sort());
  expect(hub.repositories.get('xena/faces')?.commits.size).toBe(2);
  for (const { at: place, authorization } of hub.requests) {
    expect(authorization).toBe(place === 'hub' ? `Bearer ${writeToken}` : undefined);
  }

  const pulled = await run('pull', 'xena/faces', '--out', at('pulled'));
  expect(pulled).toEqual({
    code: 0,
    out: expect.stringMatching(/^downloaded hf:xena\/faces: 11 files, /),
    err: '',
  });
  expect(filesOf(at('pulled'))).toEqual(shared);
  for (const [path, bytes] of treeOf(at('pulled'))) expect(bytes).toEqual(readFileSync(join(model, path)));
  expect((await verifyFolder(at('pulled'))).ok).toBe(true);

  const glow = await loadGlow('hf:xena/faces', { precision: 'int8-weights', cache: false });
  expect(await glow.sample({ count: 2 })).toHaveLength(2);
  await glow.dispose();
});

test('both do so as built, each in a process', async () => {
  const asBuilt = (...args: string[]) =>
    promisify(execFile)(process.execPath, [command, ...args], { env: { ...process.env } });
  expect((await asBuilt('push', model, 'xena/faces')).stdout).toContain("loadGlow('hf:xena/faces')");
  expect((await asBuilt('pull', 'xena/faces', '--out', at('pulled'))).stdout).toContain('11 files');
  expect(filesOf(at('pulled'))).toEqual(shared);
});

test('push makes a private repository and a branch, with its message, and says so as JSON', async () => {
  const { out, err } = await run(
    ...['push', model, 'hf:xena/secret', '--private', '--revision', 'try/1', '--message', 'First', '--json'],
  );
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({
    repository: 'xena/secret',
    branch: 'try/1',
    address: `${hub.endpoint}/xena/secret/tree/try%2F1`,
    load: 'hf:xena/secret@try%2F1',
    files: expect.arrayContaining([{ path: 'samples.png', bytes: 9 }]),
  });
  expect(hub.repositories.get('xena/secret')?.isPrivate).toBe(true);
  expect(branchOf('xena/secret')?.has('manifest.json')).toBe(false);
  expect(branchOf('xena/secret', 'try/1')?.has('manifest.json')).toBe(true);
  expect((await run('pull', 'xena/secret@try%2F1', '--out', at('pulled'))).err).toBe('');
});

test('push again makes one more commit, and uploads no large file twice', async () => {
  await run('push', model, 'xena/faces');
  const uploads = () =>
    hub.requests.filter(({ at: place, method }) => place === 'cdn' && method === 'PUT').length;
  const first = uploads();
  expect(first).toBeGreaterThan(0);
  expect((await run('push', model, 'xena/faces')).code).toBe(0);
  expect(uploads()).toBe(first);
});

describe('push refuses, and then sends nothing,', () => {
  test.each<[string, string[], () => void, string]>([
    ['without a token', [], () => delete process.env.HF_TOKEN, 'push: no access token; '],
    [
      'with a token of another kind',
      [],
      () => setToken('secret'),
      'push: HF_TOKEN: expected an access token, which begins with hf_',
    ],
    ['offline', [], () => Object.assign(process.env, { HF_HUB_OFFLINE: '1' }), 'push: HF_HUB_OFFLINE is set'],
    [
      'a changed file',
      [],
      () => writeFileSync(join(model, 'config.json'), '{}'),
      'config.json has 2 bytes, manifest.json says',
    ],
    [
      'a missing file',
      [],
      () => rmSync(join(model, 'onnx/encode_int8w.onnx')),
      'encode_int8w.onnx is missing',
    ],
    ['a folder without a model', [], () => rmSync(join(model, 'manifest.json')), 'no manifest.json found'],
    ['a name that is none', ['faces'], () => {}, 'expected hf:owner/name'],
    ['a folder of a repository', ['xena/faces/small'], () => {}, 'a repository is one model'],
    ['a revision upwards', ['xena/faces', '--revision', '..'], () => {}, 'expected hf:owner/name'],
    ['a path as revision', ['xena/faces', '--revision', '../../x'], () => {}, 'expected hf:owner/name'],
    ['a token of two lines', [], () => setToken('hf_a\nsecret'), 'the access token for the model hub'],
    ['a token with an accent', [], () => setToken('hf_sécret'), 'the access token for the model hub'],
    [
      'a picture that is too large',
      [],
      () => truncateSync(join(model, 'samples.png'), 2 ** 24 + 1),
      'samples.png has 16777217 bytes, but a picture of the card may have at most 16777216',
    ],
  ])('%s', async (_, names, prepare, message) => {
    prepare();
    const { code, err } = await run('push', model, ...(names.length > 0 ? names : ['xena/faces']));
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
    expect(err).not.toMatch(/s[eé]cret(\n|")|invalid|ByteString/);
    expect(hub.requests).toEqual([]);
  });
});
const setToken = (token: string) => Object.assign(process.env, { HF_TOKEN: token });

describe('push says what is wrong', () => {
  test.each<[string, () => void, string]>([
    [
      'a token that may only read',
      () => setToken(readToken),
      'the access token may not write to xena/faces (this token may not write); use one',
    ],
    [
      'a token that is unknown',
      () => setToken('hf_unknown'),
      'does not accept the access token (Api error with status 401); check HF_TOKEN',
    ],
    [
      'an upload that fails, without its signed address',
      () => hub.answers.set('cdn', (response) => response.writeHead(500).end()),
      'answers 500: Api error with status 500. Error while uploading ',
    ],
    [
      'a hub that is not there',
      () => Object.assign(process.env, { HF_ENDPOINT: 'http://127.0.0.1:9' }),
      'http://127.0.0.1:9 cannot be reached: ',
    ],
    [
      'a hub that is not there, without its password',
      () => Object.assign(process.env, { HF_ENDPOINT: 'http://user:s3cret@127.0.0.1:9/?key=s3cret' }),
      'http://127.0.0.1:9 cannot be reached: ',
    ],
  ])('%s', async (_, prepare, message) => {
    prepare();
    const { code, err } = await run('push', model, 'xena/faces');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
    expect(err).toMatch(/^glow-onnx: push: [^\n]*\n$/);
    expect(err).not.toMatch(/signature|hf_unknown|s3cret/);
  });

  test('a public repository that should be private', async () => {
    hub.repositories.create('xena/faces');
    const { err } = await run('push', model, 'xena/faces', '--private');
    expect(err).toContain('xena/faces exists and is public; make it private on the hub');
    expect(hub.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('pull', () => {
  beforeEach(() => {
    hub.repositories.create('xena/faces');
    hub.repositories.commit('xena/faces', 'main', treeOf(model));
  });

  test('leaves nothing if a file is damaged', async () => {
    hub.answers.set('weights.bin', (response) => response.end('other bytes'));
    const { code, err } = await run('pull', 'xena/faces', '--out', at('new/pulled'));
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('weights.bin has 11 bytes, manifest.json says'),
    });
    expect(readdirSync(work).sort()).toEqual(['model', 'secret.png']);
  });

  test('replaces a pulled folder with --force alone, and no folder that holds other files', async () => {
    await run('pull', 'xena/faces', '--out', at('pulled'));
    expect((await run('pull', 'xena/faces', '--out', at('pulled'))).err).toContain(
      'pulled exists; pass --force to replace it, or another --out',
    );
    expect((await run('pull', 'xena/faces', '--out', at('pulled'), '--force')).code).toBe(0);
    writeFileSync(at('pulled/mine.txt'), 'mine');
    const { err } = await run('pull', 'xena/faces', '--out', at('pulled'), '--force');
    expect(err).toContain('holds mine.txt, which is not part of a model folder');
    expect(existsSync(at('pulled/mine.txt'))).toBe(true);
  });

  test('keeps the old folder if the new one is damaged', async () => {
    await run('pull', 'xena/faces', '--out', at('pulled'));
    const old = treeOf(at('pulled'));
    hub.answers.set('golden.safetensors', (response) => response.end());
    expect((await run('pull', 'xena/faces', '--out', at('pulled'), '--force')).code).toBe(1);
    expect(treeOf(at('pulled'))).toEqual(old);
  });

  test('takes no picture from outside the folder, and none that is too large', async () => {
    hub.answers.set('samples.png', (response) =>
      response.writeHead(200, { 'content-length': 2 ** 25 }).end(),
    );
    const { err } = await run('pull', 'xena/faces', '--out', at('pulled'));
    expect(err).toContain('samples.png has more than 16777216 bytes');
    hub.answers.clear();
    await run('pull', 'xena/faces', '--out', at('pulled'));
    expect(filesOf(at('pulled'))).toEqual(shared);
    expect(hub.requests.filter(({ path }) => path.includes('secret'))).toEqual([]);
  });

  test('is interrupted by its signal', async () => {
    const abort = new AbortController();
    hub.answers.set('weights.bin', () => abort.abort());
    let err = '';
    const terminal = { stdout: { write: () => {} }, stderr: { write: (text: string) => (err += text) } };
    const code = await share(
      'glow-onnx',
      ['pull', 'xena/faces', '--out', at('pulled')],
      terminal,
      abort.signal,
    );
    expect({ code, err }).toEqual({ code: 130, err: 'glow-onnx: interrupted\n' });
    expect(existsSync(at('pulled'))).toBe(false);
  });
});

test('push and pull have help, and wrong usage is code 2', async () => {
  expect((await run('push', '--help')).out).toContain('HF_ENDPOINT');
  expect((await run('pull', 'xena/faces')).code).toBe(2);
});

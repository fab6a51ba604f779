import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type LoadOptions, type LoadProgress, loadGlow, UnreachableError } from '@glow-onnx/runtime';
import { type HubAnswer, type HubServer, readToken, startHub, treeOf } from '../../support/hub/hub-server.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { type ModelServer, serveFolder } from './model-server.js';

let hub: HubServer;
let [first, second]: ModelFixture[] = [];
let cache: string;
/** A server that is no hub, closed after the test. */
let elsewhere: ModelServer | undefined;
const unset = ['HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_HOME'];
const before = Object.fromEntries(unset.map((name) => [name, process.env[name]]));
beforeAll(async () => {
  hub = await startHub();
  [first, second] = await Promise.all([31, 32].map((seed) => writeModelFixture(tinyConfig(), seed)));
});
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'glow-hub-'));
  for (const name of unset) delete process.env[name];
  hub.reset();
  process.env.HF_ENDPOINT = hub.endpoint;
  hub.repositories.create('xena/faces');
  hub.repositories.commit('xena/faces', 'main', treeOf(first.directory));
});
afterEach(async () => {
  rmSync(cache, { recursive: true });
  await elsewhere?.close();
  elsewhere = undefined;
});
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await Promise.all([hub.close(), first.remove(), second.remove()]);
});

/** Loads a model: its first sample and the events. */
async function load(source: string, options: LoadOptions = {}) {
  const events: LoadProgress[] = [];
  const onProgress = (event: LoadProgress) => void events.push(event);
  const model = await loadGlow(source, { device: 'cpu', cache: false, onProgress, ...options });
  const [image] = await model.sample({ seed: 1 });
  await model.dispose();
  return { sample: image?.data.join(), events, statuses: new Set(events.map(({ status }) => status)) };
}
const refusal = (source: string, options: LoadOptions = {}): Promise<Error> =>
  load(source, options).then(
    () => new Error('it loads'),
    (error: Error) => error,
  );
const resolved = () => hub.requests.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => path);
const commitOf = (branch = 'main') => hub.repositories.get('xena/faces')?.branches.get(branch) as string;
const withToken = (token: string) => () => {
  process.env.HF_TOKEN = token;
  return {};
};
const answer =
  (status: number, headers: Record<string, string> = {}): HubAnswer =>
  (response) =>
    void response.writeHead(status, headers).end();

describe('a model by its name on a hub', () => {
  test('is the model, whose files are all of the commit of the first answer', async () => {
    const { sample, events } = await load('hf:xena/faces');
    expect(sample).toBe((await load(first.directory)).sample);
    const [manifest, ...others] = resolved();
    expect(manifest).toBe('/xena/faces/resolve/main/manifest.json');
    expect(others).toHaveLength(4);
    for (const path of others) expect(path).toMatch(`/xena/faces/resolve/${commitOf()}/`);
    expect(new Set(events.map(({ name }) => name))).toEqual(new Set(['hf:xena/faces']));
  });

  test('may have a revision, and be a folder of the repository', async () => {
    hub.repositories.commit('xena/faces', 'refs/pr/1', treeOf(second.directory, 'small/'));
    hub.repositories.commit('xena/faces', 'v2', treeOf(second.directory));
    const expected = (await load(second.directory)).sample;
    expect((await load('hf:xena/faces@v2')).sample).toBe(expected);
    expect((await load('hf:xena/faces@refs/pr/1/small')).sample).toBe(expected);
    expect((await load(`hf:xena/faces@${commitOf('v2')}`)).sample).toBe(expected);
    expect((await load('hf:xena/faces')).sample).not.toBe(expected);
  });

  test('runs in a worker', async () => {
    expect((await load('hf:xena/faces', { worker: true })).sample).toBe((await load('hf:xena/faces')).sample);
  });

  test('comes from the cache, and only the manifest from the hub', async () => {
    await load('hf:xena/faces', { cache });
    hub.requests.length = 0;
    const { events } = await load('hf:xena/faces', { cache });
    expect(resolved()).toEqual(['/xena/faces/resolve/main/manifest.json']);
    expect(events.filter((event) => event.status === 'done' && !event.cached)).toHaveLength(1);
  });

  test('has the bytes that the manifest lists, whatever the other origin sends', async () => {
    hub.answers.set('decode.onnx', (response) => response.end('x'.repeat(2000)));
    expect((await refusal('hf:xena/faces')).message).toMatch(
      /decode\.onnx has 2000 bytes, manifest\.json says \d+/,
    );
  });
});

describe('the token', () => {
  beforeEach(() => {
    hub.repositories.create('xena/faces', { isPrivate: true });
    hub.repositories.commit('xena/faces', 'main', treeOf(first.directory));
  });

  test.each<[string, () => LoadOptions]>([
    ['of HF_TOKEN', withToken(readToken)],
    ['of the program', () => ({ hub: { endpoint: hub.endpoint, token: readToken } })],
    [
      'of HF_TOKEN, if that of the program is undefined,',
      () => ({ ...withToken(readToken)(), hub: { token: undefined } }),
    ],
  ])('%s opens a private repository, and goes to the hub alone', async (_, options) => {
    const { events } = await load('hf:xena/faces', options());
    const sent = (at: 'hub' | 'cdn') =>
      new Set(hub.requests.filter((request) => request.at === at).map(({ authorization }) => authorization));
    expect(sent('hub')).toEqual(new Set([`Bearer ${readToken}`]));
    expect(sent('cdn')).toEqual(new Set([undefined]));
    expect(JSON.stringify(events)).not.toContain(readToken);
  });

  test('is in no part of an error', async () => {
    process.env.HF_TOKEN = 'hf_secret';
    for (const name of ['hf:xena/faces', 'hf:xena/nobody']) {
      expect(inspect(await refusal(name), { depth: 9, showHidden: true })).not.toContain('hf_secret');
    }
  });
});

test('another origin cannot name the commit, nor the reason of an error', async () => {
  elsewhere = await serveFolder(first.directory);
  const location = `${elsewhere.url}/manifest.json`;
  hub.answers.set('manifest.json', answer(302, { location }));
  const headers = { 'x-repo-commit': 'f'.repeat(40), 'x-error-code': 'GatedRepo' };
  elsewhere.answers.set('manifest.json', (response, bytes) => response.writeHead(200, headers).end(bytes));
  await load('hf:xena/faces');
  expect(resolved().filter((path) => path.includes('/main/onnx/'))).toHaveLength(3);
  elsewhere.answers.set('manifest.json', (response) => response.writeHead(404, headers).end());
  expect((await refusal('hf:xena/faces')).message).toContain('the hub does not say whether');
});

describe('a revision that moves while its files are loaded', () => {
  /** Pushes the second model once, when a file of the first one is asked for. */
  const moveAt = (path: string) => {
    hub.answers.set(path, (response) => {
      hub.answers.delete(path);
      hub.repositories.commit('xena/faces', 'main', treeOf(second.directory));
      response.writeHead(307, { location: hub.endpoint + hub.requests.at(-1)?.path }).end();
    });
  };
  const files = ['onnx/encode.onnx', 'onnx/weights.bin', 'golden.safetensors'];

  test.each(files)('gives the version of the manifest, from %s on', async (path) => {
    moveAt(path);
    expect((await load('hf:xena/faces')).sample).toBe((await load(first.directory)).sample);
  });

  test.each(files)('gives the new version where the hub does not name commits, from %s on', async (path) => {
    hub.statesCommit = false;
    moveAt(path);
    expect((await load('hf:xena/faces', { cache })).sample).toBe((await load(second.directory)).sample);
    expect(resolved().filter((each) => each.endsWith('manifest.json'))).toHaveLength(2);
  });

  test('is an error if it goes on moving, after one more attempt', async () => {
    hub.statesCommit = false;
    let manifests = 0;
    hub.answers.set('manifest.json', (response) => {
      const fixture = manifests++ % 2 === 0 ? first : second;
      response.end(treeOf(fixture.directory).get('manifest.json'));
    });
    hub.answers.set('encode.onnx', (response) => response.end('another one'));
    expect((await refusal('hf:xena/faces')).message).toMatch(
      /encode\.onnx has 11 bytes, manifest\.json says/,
    );
    expect(manifests).toBe(2);
  });

  test('is no reason to ask again if the manifest is the same', async () => {
    const tree = new Map(treeOf(first.directory)).set('onnx/encode.onnx', Buffer.from('damaged'));
    hub.repositories.commit('xena/faces', 'main', tree);
    expect((await refusal('hf:xena/faces')).message).toMatch(/encode\.onnx has 7 bytes, manifest\.json says/);
    expect(
      hub.requests.filter(({ path }) => path.includes('encode.onnx') && !path.includes('blob')),
    ).toHaveLength(1);
  });

  test('is read again on any other server too', async () => {
    elsewhere = await serveFolder(first.directory);
    const { url, answers, asked } = elsewhere;
    const old = treeOf(first.directory).get('manifest.json');
    const fresh = treeOf(second.directory);
    answers.set('manifest.json', (response) => {
      response.end(asked.length === 1 ? old : fresh.get('manifest.json'));
    });
    for (const [path, bytes] of fresh) {
      if (path !== 'manifest.json') answers.set(path, (response) => response.end(bytes));
    }
    const { sample } = await load(url);
    expect(sample).toBe((await load(second.directory)).sample);
  });
});

describe('a model that the hub does not give', () => {
  const name = 'hf:xena/faces';
  test.each<[string, string, () => void, string]>([
    [
      'an unknown owner',
      'hf:nobody/faces',
      () => {},
      'has no such repository, or it is private; check owner and name, or set HF_TOKEN',
    ],
    [
      'an unknown name with a token',
      'hf:xena/other',
      withToken(readToken),
      'has no such repository, or it is private; check owner and name, or use another access token',
    ],
    [
      'a token that is not accepted',
      name,
      withToken('hf_wrong'),
      'does not accept this one, or it may not read the repository (the hub says: Invalid credentials in Authorization header)',
    ],
    [
      'a gated repository',
      name,
      () => void hub.repositories.create('xena/faces', { isGated: true }),
      'is gated; accept its conditions at ',
    ],
    [
      'an unknown revision',
      `${name}@v9`,
      () => {},
      'the repository has no revision "v9"; check the part after the @',
    ],
    [
      'a repository without a model',
      `${name}/none`,
      () => {},
      'no manifest.json found; pass a repository that is a model folder, or hf:owner/name/folder',
    ],
    [
      'a server that says no reason',
      name,
      () => void hub.answers.set('manifest.json', answer(404)),
      'does not say whether the repository, the revision or the folder is missing',
    ],
    [
      'a server that refuses',
      name,
      () => void hub.answers.set('manifest.json', answer(403)),
      'the hub refuses access; set HF_TOKEN',
    ],
    [
      'a hostile reason',
      name,
      () => void hub.answers.set('manifest.json', answer(401, { 'x-error-message': 'a\u009bb' })),
      'may read it, or pass hub: { token } (the hub says: a\\u{9b}b)',
    ],
  ])('is an error that says why: %s', async (_, source, prepare, message) => {
    prepare();
    const error = await refusal(source);
    expect(error.message).toContain(`${source}: `);
    expect(error.message).toContain(message);
    expect(error).not.toBeInstanceOf(UnreachableError);
  });

  test.each<[string, Record<string, string>, string]>([
    ['Retry-After', { 'retry-after': '55' }, 'try again in 55 s'],
    ['RateLimit', { ratelimit: '"resolvers";r=0;t=299' }, 'try again in 299 s'],
    ['a date', { 'retry-after': 'Mon, 30 Nov 2026 07:05:00 GMT' }, 'try again later'],
    ['nothing', {}, 'try again later'],
  ])('because of too many requests is an error that says when: %s', async (_, headers, message) => {
    hub.answers.set('manifest.json', answer(429, headers));
    const error = await refusal(name);
    expect(error.message).toBe(
      `${hub.endpoint}/xena/faces/resolve/main/manifest.json: the server answers 429 Too Many Requests; ${message}`,
    );
    expect(error).toBeInstanceOf(UnreachableError);
  });

  test('comes from the cache if it was loaded before', async () => {
    const { sample } = await load(name, { cache });
    hub.answers.set('manifest.json', answer(429));
    const again = await load(name, { cache });
    expect(again.sample).toBe(sample);
    expect(again.statuses).toContain('offline');
  });
});

describe('HF_HUB_OFFLINE', () => {
  test('loads from the cache without a request', async () => {
    const { sample } = await load('hf:xena/faces', { cache });
    hub.requests.length = 0;
    process.env.HF_HUB_OFFLINE = '1';
    const again = await load('hf:xena/faces', { cache });
    expect(again.sample).toBe(sample);
    expect(hub.requests).toEqual([]);
    expect(again.events).toContainEqual({
      status: 'offline',
      name: 'hf:xena/faces',
      file: 'manifest.json',
      reason: expect.stringMatching(/HF_HUB_OFFLINE is set; unset it, or load the model once without it$/),
    });
  });

  test('is an error that names it if the cache does not have the model', async () => {
    process.env.HF_HUB_OFFLINE = '1';
    expect((await refusal('hf:xena/faces', { cache })).message).toContain('HF_HUB_OFFLINE is set; unset it');
    expect(hub.requests).toEqual([]);
  });
});

describe('owner/name without hf:', () => {
  test('is a folder', async () => {
    const advice = 'if this is a repository of the Hugging Face Hub, pass "hf:xena/faces"';
    expect((await refusal('xena/faces')).message).toBe(
      `xena/faces: no manifest.json found; this folder does not exist; ${advice}`,
    );
    expect(hub.requests).toEqual([]);
  });

  test('that exists is this folder, also without a model in it', async () => {
    const here = process.cwd();
    process.chdir(cache);
    mkdirSync('xena/faces', { recursive: true });
    const { message } = await refusal('xena/faces').finally(() => process.chdir(here));
    expect(message).toBe(
      'xena/faces: no manifest.json found; pass a model folder written by glow-onnx export',
    );
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHubName } from '../../../packages/runtime/src/folder/stores/address.js';
import { hubFolder } from '../../../packages/runtime/src/folder/stores/hub-folder.js';
import { hubAdvice, hubNameOf, parseHubName } from '../../../packages/runtime/src/folder/stores/hub-name.js';
import { hubSettings } from '../../../packages/runtime/src/node/hub-settings.js';

describe('a name on a model hub', () => {
  test.each([
    ['hf:xena/faces', 'xena/faces/resolve/main/manifest.json'],
    ['hf://xena/faces', 'xena/faces/resolve/main/manifest.json'],
    [' hf:xena/faces/', 'xena/faces/resolve/main/manifest.json'],
    ['HF:Xena/Faces_1.5', 'Xena/Faces_1.5/resolve/main/manifest.json'],
    ['hf:xena/faces@v1', 'xena/faces/resolve/v1/manifest.json'],
    ['hf:xena/faces@v1/a/b', 'xena/faces/resolve/v1/a/b/manifest.json'],
    ['hf:xena/faces/a b/', 'xena/faces/resolve/main/a%20b/manifest.json'],
    ['hf:xena/faces@refs/pr/7/small', 'xena/faces/resolve/refs%2Fpr%2F7/small/manifest.json'],
    ['hf:xena/faces@fix%2Fcolours', 'xena/faces/resolve/fix%2Fcolours/manifest.json'],
    ['hf:xena/faces/100%', 'xena/faces/resolve/main/100%25/manifest.json'],
  ])('%s is %s', (text, path) => {
    expect(isHubName(text)).toBe(true);
    expect(hubFolder(text).urlOf?.('manifest.json').href).toBe(`https://huggingface.co/${path}`);
    expect(hubFolder(new URL(text)).urlOf?.('manifest.json').href).toBe(`https://huggingface.co/${path}`);
    const name = parseHubName(text);
    expect(parseHubName(hubNameOf(name))).toEqual(name);
  });

  test.each([
    'hf:faces',
    'hf:',
    'hf:/xena/faces',
    'hf:xena/',
    'hf:../faces',
    'hf:xena/..',
    'hf:xena/-faces',
    'hf:xena/fa..ces',
    'hf:xena/faces@',
    'hf:xena/faces@..',
    'hf:xena/faces@a%2F..%2Fb',
    'hf:xena/faces/../../other',
    'hf:xena/faces/a//b',
    'hf:xena/faces/\u001b[2J',
    'hf:xena/faces/\ud800',
    'hf:xena/faces?x',
    'hf:https://huggingface.co/xena/faces',
  ])('%j is none', (text) => {
    expect(() => parseHubName(text)).toThrow(
      /^loadGlow: expected hf:owner\/name, hf:owner\/name@revision or hf:owner\/name\/folder, got hf:[ -~]*$/,
    );
  });

  test.each(['models/pixel-faces', 'C:\\hf:x', './hf:xena/faces', 'https://hf:x@example.org', 'xhf:a/b'])(
    '%s does not begin as one',
    (text) => expect(isHubName(text)).toBe(false),
  );

  test.each([
    ['xena/faces', 'hf:xena/faces'],
    ['https://huggingface.co/xena/faces', 'hf:xena/faces'],
    ['https://huggingface.co/xena/faces/tree/main', 'hf:xena/faces'],
    ['https://hf.co/xena/faces', 'hf:xena/faces'],
    ['https://example.org/xena', undefined],
    ['./faces', undefined],
    ['a/b/c', undefined],
    ['faces', undefined],
  ])('%s may mean %s', (source, name) => {
    expect(hubAdvice(source)).toBe(name && `if this is a repository of the Hugging Face Hub, pass "${name}"`);
  });
});

describe('the address of a hub', () => {
  test.each([
    ['https://hub.example.org', 'https://hub.example.org/a/b/resolve/main/x'],
    ['https://hub.example.org/mirror/', 'https://hub.example.org/mirror/a/b/resolve/main/x'],
    ['http://ada:secret@hub.example.org/?q', 'http://hub.example.org/a/b/resolve/main/x'],
  ])('%s is the beginning of a file', (endpoint, href) => {
    expect(hubFolder('hf:a/b', { endpoint }).urlOf?.('x').href).toBe(href);
  });

  test('may have a user and a password, which a token replaces', () => {
    const endpoint = 'https://ada:secret@hub.example.org';
    expect(hubFolder('hf:a/b', { endpoint }).authorization).toBe(`Basic ${btoa('ada:secret')}`);
    expect(hubFolder('hf:a/b', { endpoint, token: 'hf_x' }).authorization).toBe('Bearer hf_x');
  });

  test('that is none, and a token that is none, are errors that do not show secrets', () => {
    for (const endpoint of ['hub.example.org', 'file:///x', '']) {
      expect(() => hubFolder('hf:a/b', { endpoint })).toThrow('expected an http or https address, got ');
    }
    expect(() => hubFolder('hf:a/b', { endpoint: 'ftp://ada:secret@x' })).toThrow(/got ftp:\/\/x\/$/);
    for (const token of ['hf_a\nb', 'hf_secret key', '', 'hf_ü']) {
      expect(() => hubFolder('hf:a/b', { token })).toThrow(
        /HF_TOKEN, hub.token\): expected letters, digits and signs/,
      );
      expect(() => hubFolder('hf:a/b', { token })).not.toThrow(/secret|ü/);
    }
  });
});

describe('the settings of the environment', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'glow-hf-'));
    writeFileSync(join(home, 'token'), 'hf_file\n');
    writeFileSync(join(home, 'long'), 'x'.repeat(10_000));
  });
  afterAll(() => rmSync(home, { recursive: true }));

  test.each<[string, Record<string, string>, string | undefined]>([
    ['HF_TOKEN', { HF_TOKEN: ' hf_a\n' }, 'hf_a'],
    ['its older name', { HUGGING_FACE_HUB_TOKEN: 'hf_b' }, 'hf_b'],
    ['HF_TOKEN before the file', { HF_TOKEN: 'hf_a', HF_HOME: '' }, 'hf_a'],
    ['the file in HF_HOME', { HF_HOME: 'HOME' }, 'hf_file'],
    ['the file at HF_TOKEN_PATH', { HF_TOKEN_PATH: 'HOME/token' }, 'hf_file'],
    ['no file', { HF_HOME: 'HOME/none' }, undefined],
    ['a file that is no token', { HF_TOKEN_PATH: 'HOME/long' }, undefined],
    ['a folder', { HF_TOKEN_PATH: 'HOME' }, undefined],
    ['a file that must not be used', { HF_HOME: 'HOME', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, undefined],
  ])('give the token of %s', (_, stated, token) => {
    const variables = Object.entries(stated).map(([name, value]) => [name, value.replace('HOME', home)]);
    const none = { XDG_CACHE_HOME: join(home, 'none') };
    expect(hubSettings({}, { ...none, ...Object.fromEntries(variables) }).token).toBe(token);
  });

  test('give their token to no other hub than theirs', () => {
    const environment = { HF_TOKEN: 'hf_a', HF_ENDPOINT: 'https://mirror.example.org' };
    const at = (endpoint?: string, token?: string) => hubSettings({ endpoint, token }, environment);
    expect(at()).toMatchObject({ endpoint: 'https://mirror.example.org', token: 'hf_a' });
    expect(at('https://mirror.example.org').token).toBe('hf_a');
    expect(at('https://other.example.org').token).toBeUndefined();
    expect(at('https://other.example.org', 'hf_b').token).toBe('hf_b');
    expect(at(undefined, 'hf_b').token).toBe('hf_b');
  });

  test.each([
    ['1', true],
    ['true', true],
    ['on', true],
    ['0', false],
    ['', false],
  ])('HF_HUB_OFFLINE=%s forbids requests: %s', (value, offline) => {
    expect(hubSettings({}, { HF_HUB_OFFLINE: value }).offline).toBe(offline);
  });
});

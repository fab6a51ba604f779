import dns from 'node:dns';
import net from 'node:net';
import { loadGlow } from '@glow-onnx/runtime';
import { RefusedError } from '../../../packages/runtime/src/folder/stores/answer.js';
import { createReach, isPrivateAddress } from '../../../packages/runtime/src/node/reach.js';
import { type ModelServer, serveFolder } from './model-server.js';

let server: ModelServer | undefined;
let inside: ModelServer | undefined;
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all([server?.close(), inside?.close()]);
  server = inside = undefined;
});

describe('private addresses', () => {
  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:10.0.0.1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
  ])('%s is one', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  test.each([
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '169.253.0.1',
    '::ffff:8.8.8.8',
    '2606:4700::1111',
  ])('%s is none', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  /** Names and what they resolve to, which may change. */
  function resolving(names: Record<string, string[]>): void {
    jest.spyOn(dns, 'lookup').mockImplementation(((
      host: string,
      _: object,
      done: (...given: unknown[]) => void,
    ) =>
      done(
        null,
        (names[host] ?? []).map((address) => ({ address, family: net.isIP(address) })),
      )) as never);
  }
  const resolved = ({ lookup }: ReturnType<typeof createReach>, host: string, all = true): Promise<unknown> =>
    new Promise((resolve, reject) =>
      lookup(host, { all }, (error, found) => (error ? reject(error) : resolve(found))),
    );
  const refused = 'which is in a private network; if this is right, pass privateRedirects: true';

  test('are closed to a load from the internet: as an address, as a name, and when a name changes', async () => {
    const names = { 'models.test': ['203.0.113.7'], 'inside.test': ['10.0.0.1'], 'six.test': ['::1'] };
    resolving(names);
    const reach = createReach(false);
    expect(await resolved(reach, 'models.test')).toEqual([{ address: '203.0.113.7', family: 4 }]);
    for (const host of ['127.0.0.1', '[::1]', '[::ffff:7f00:1]']) {
      expect(() => reach.check(host)).toThrow(refused);
    }
    for (const host of ['inside.test', 'six.test'])
      await expect(resolved(reach, host)).rejects.toThrow(refused);
    names['models.test'] = ['127.0.0.1'];
    await expect(resolved(reach, 'models.test', false)).rejects.toThrow(RefusedError);
    names['models.test'] = ['127.0.0.1', '203.0.113.8'];
    expect(await resolved(reach, 'models.test', false)).toBe('203.0.113.8');
    reach.check('203.0.113.9');
    reach.check('models.test'); // a name is checked when it is resolved
  });

  test('do not open by a first name that is both public and private', async () => {
    resolving({ 'models.test': ['127.0.0.1', '203.0.113.7'] });
    const reach = createReach(false);
    expect(await resolved(reach, 'models.test')).toEqual([{ address: '203.0.113.7', family: 4 }]);
    expect(() => reach.check('127.0.0.1')).toThrow(refused);
  });

  test('are open to a load that started at one, or if the option says so', async () => {
    resolving({ 'inside.test': ['10.0.0.1'] });
    for (const reach of [createReach(false), createReach(true)]) {
      await resolved(reach, 'inside.test');
      reach.check('169.254.169.254');
    }
    const allowed = createReach(true);
    allowed.check('203.0.113.7');
    allowed.check('127.0.0.1');
    expect(await resolved(allowed, 'inside.test')).toEqual([{ address: '10.0.0.1', family: 4 }]);
  });

  test('get no request from a load that started outside', async () => {
    [server, inside] = await Promise.all([serveFolder('none'), serveFolder('none')]);
    // The server of this test counts as one on the internet.
    jest.spyOn(net.BlockList.prototype, 'check').mockImplementation((address) => address !== '127.0.0.1');
    resolving({ 'inside.test': ['127.0.0.2'] });
    for (const host of ['127.0.0.2', '[::1]', 'inside.test']) {
      const location = inside.url.replace('127.0.0.1', host);
      server.answers.set('manifest.json', (response) => response.writeHead(302, { location }).end());
      const loading = loadGlow(server.url, { cache: false });
      await expect(loading).rejects.toThrow(`${server.url}/manifest.json: the server leads to `);
      await expect(loading).rejects.toThrow(refused);
    }
    expect(inside.asked).toEqual([]);
  });
});

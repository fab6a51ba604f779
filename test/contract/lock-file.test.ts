import { familiesOf, faultsOf, type Lock, readLock } from '../support/lock-file.js';

const lock = readLock();
const systems = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-arm64', 'win32-x64'];

test('package-lock.json has a version and a hash for every package, and every dependency', () => {
  expect(faultsOf(lock)).toEqual([]);
});

const families = familiesOf(lock);

test('the packages with a build for each system are found', () => {
  const some = [
    '@biomejs/biome',
    '@swc/core',
    'rolldown',
    'unrs-resolver',
    'esbuild',
    'sharp',
    '@resvg/resvg-js',
  ];
  expect([...families.keys()]).toEqual(expect.arrayContaining(some.map((name) => `node_modules/${name}`)));
});

test.each([...families])('%s has a build for Linux, macOS and Windows on x64 and arm64', (_, found) => {
  expect([...found].sort()).toEqual(systems);
});

describe('a lock file that npm has damaged is refused:', () => {
  const hash = { integrity: 'sha512-x' };
  const builds = { '@tool/linux-x64': '2.0.0', '@tool/darwin-arm64-gnu': '2.0.0' };
  const linux = { version: '2.0.0', ...hash, os: ['linux'], cpu: ['x64'] };
  const tool = 'node_modules/tool';
  const nested = 'node_modules/tool/node_modules/@tool/linux-x64';
  const mac = 'node_modules/@tool/darwin-arm64-gnu';
  const sound: Lock = {
    '': {},
    'packages/app': { version: '0.1.0', dependencies: { tool: '^2.0.0' } },
    'node_modules/app': { link: true, resolved: 'packages/app' },
    [tool]: { version: '2.0.0', ...hash, optionalDependencies: builds },
    'node_modules/@tool/linux-x64': { ...linux, version: '1.0.0' }, // of another tool
    [nested]: linux,
    [mac]: { version: '2.0.0', ...hash, os: ['darwin'], cpu: ['arm64'] },
  };
  const without = (path: string) => Object.fromEntries(Object.entries(sound).filter(([key]) => key !== path));

  test('(a sound one is not)', () => {
    expect(faultsOf(sound)).toEqual([]);
    expect([...familiesOf(sound)]).toEqual([[tool, new Set(['linux-x64', 'darwin-arm64'])]]);
  });

  test.each<[string, Lock, string[]]>([
    ['no version', { ...sound, [nested]: { ...linux, version: undefined } }, [`${nested}: no version`]],
    ['no hash', { ...sound, [nested]: { ...linux, integrity: undefined } }, [`${nested}: no sha512 hash`]],
    ['a weak hash', { ...sound, [nested]: { ...linux, integrity: 'sha1-x' } }, [`${nested}: no sha512 hash`]],
    ['another os', { ...sound, [nested]: { ...linux, os: ['win32'] } }, [`${nested}: no os linux`]],
    [
      'an empty entry',
      { ...sound, [mac]: {} },
      [`${mac}: no version`, `${mac}: no sha512 hash`, `${mac}: no os darwin`, `${mac}: no cpu arm64`],
    ],
    ['a system missing', without(mac), [`${tool}: no entry for @tool/darwin-arm64-gnu@2.0.0`]],
    [
      "another version of a system's build",
      without(nested),
      [`${tool}: wants @tool/linux-x64@2.0.0, the lock has 1.0.0`],
    ],
    ['a dependency missing', without(tool), ['packages/app: no entry for tool@^2.0.0']],
  ])('%s', (_, broken, faults) => {
    expect(faultsOf(broken)).toEqual(faults);
  });
});

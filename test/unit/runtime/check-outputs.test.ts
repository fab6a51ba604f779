import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { keepInputs } from '../../../packages/runtime/src/node/check-outputs.js';
import { at, folder, glow, useGlowCommand } from '../../support/glow-command.js';

useGlowCommand();

describe('an output', () => {
  beforeAll(() => {
    mkdirSync(at('run/pictures'), { recursive: true });
    for (const name of ['a', 'run/b', 'run/pictures/c']) writeFileSync(at(name), name);
    symlinkSync(at('a'), at('link'));
    symlinkSync(at('run'), at('folder-link'));
  });

  test.each<[string, string, () => string, string]>([
    ['is an input', 'a', () => at('a'), 'a is read by this command'],
    ['is one under another name', 'run/../a', () => relative('.', at('a')), 'a is read by'],
    ['is one by a link', 'link', () => at('a'), 'link is read by'],
    ['is one that a link names', 'a', () => at('link'), 'a is read by'],
    ['is one by its address', 'a', () => `${pathToFileURL(at('a'))}`, 'a is read by'],
    ['is a file in one', 'run/pictures/c', () => at('run'), 'c is in '],
    ['is a folder that holds one', 'run', () => at('folder-link/b'), 'run holds '],
    ['is the folder that is read', 'folder-link', () => at('run'), 'folder-link is read by'],
  ])('that %s is refused', (_, output, input, message) => {
    const check = () => keepInputs([at('new'), at(output)], ['https://x.org/y.png', input()], '--grid');
    expect(check).toThrow(message);
    expect(check).toThrow(/: it would be lost, also with --force; pass another --grid$/);
  });

  test.each<[string, string, string]>([
    ['does not exist yet', 'run/new', 'run'],
    ['is another file', 'a', 'run/b'],
    ['is beside an input', 'run/b', 'run/pictures'],
    ['is a folder in one, which stays', 'run/pictures', 'run'],
    ['is read by nobody, because the input does not exist', 'a', 'nothing'],
  ])('that %s is allowed', (_, output, input) => {
    expect(() => keepInputs([at(output)], [at(input)])).not.toThrow();
  });
});

test.each<[string, () => string[]]>([
  ['reconstruct', () => [at('1.png'), at('0.png')]],
  ['interpolate', () => [at('1.png'), at('0.png')]],
  ['mix', () => [at('1.png'), at('0.png'), '--levels', '0']],
  ['inpaint', () => [at('0.png'), at('1.png')]],
  ['inpaint', () => [at('1.png'), at('0.png')]],
  ['denoise', () => [at('0.png'), '--sigma', '0.1']],
  ['enlarge', () => [at('0.png')]],
  ['denoise', () => [at('0.png'), '--sigma', '0.1', '--grid', at('0.png'), '--out', at('never.png')]],
])('%s does not replace an image that it reads', async (command, argv) => {
  await refuses(at('0.png'), command, folder, '--out', at('0.png'), ...argv());
});

test.each(['encode', 'features', 'score', 'calibrate'])(
  '%s does not replace a file that it reads',
  async (command) => {
    // The name is not an image's: such a name is refused before anything is read.
    copyFileSync(at('0.png'), at('image'));
    await refuses(at('image'), command, folder, at('1.png'), at('image'), '--out', at('image'));
    const { code, err } = await glow(command, folder, at('0.png'), '--out', at('0.png'), '--force');
    expect(code).toBe(2);
    expect(err).toContain('not an image');
    expect(readFileSync(at('0.png')).equals(readFileSync(at('image')))).toBe(true);
  },
);

test('latents, directions and images of attributes are not replaced by the commands that read them', async () => {
  const latents = at('z.safetensors');
  expect((await glow('encode', folder, at('0.png'), '--out', latents)).code).toBe(0);
  await refuses(latents, 'decode', folder, latents, '--out', latents);
  copyFileSync(at('1.png'), at('image'));
  const flags = ['--with', at('0.png'), '--without', at('image')];
  await refuses(at('image'), 'attribute', 'find', folder, ...flags, '--out', at('image'));
  copyFileSync(latents, at('z.png'));
  await refuses(at('z.png'), 'attribute', 'apply', folder, at('z.png'), at('0.png'), '--out', at('z.png'));
});

test('a model folder is not replaced by its own copy, and none of its files by a result', async () => {
  const manifest = join(folder, 'manifest.json');
  await refuses(manifest, 'files', folder, '--out', folder);
  await refuses(manifest, 'encode', folder, at('0.png'), '--out', manifest);
});

/** Runs a command with --force that would replace this file. */
async function refuses(file: string, ...argv: string[]): Promise<void> {
  const before = readFileSync(file);
  const { code, out, err } = await glow(...argv, '--force');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('it would be lost, also with --force; pass another --');
  expect(readFileSync(file).equals(before)).toBe(true);
}

import { main as exporter } from '../../../packages/exporter/src/main.js';
import { commands } from '../../../packages/glow-onnx/src/commands.js';
import { main as runtime } from '../../../packages/runtime/src/cli/main.js';

/** What a program's own help lists under "Commands:". */
async function listedBy(
  help: (stdout: { write(text: string): unknown }) => Promise<number>,
): Promise<string[]> {
  let text = '';
  expect(await help({ write: (part) => (text += part) })).toBe(0);
  const [, list = ''] = /^Commands:\n((?: .*\n?)*)/m.exec(text) ?? [];
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
}

const stderr = { write: () => {} };

test.each([
  ['runtime', (stdout: { write(text: string): unknown }) => runtime(['--help'], '1.2.3', { stdout, stderr })],
  [
    'exporter',
    (stdout: { write(text: string): unknown }) => exporter(['--help'], '1.2.3', { stdout, stderr }),
  ],
] as const)('glow-onnx has every command of the %s, and no others of it', async (owner, help) => {
  const names = commands.filter(({ of }) => of === owner).map(({ name }) => name);
  expect(names.sort()).toEqual((await listedBy(help)).sort());
});

test('every command has one place and one sentence', () => {
  const names = commands.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { description } of commands) expect(description).toMatch(/^[a-z][^.]{10,80}$/);
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remainsIn, temporaryName } from '../../../packages/runtime/src/node/temporary.js';
import { writeFileAtomic } from '../../../packages/runtime/src/node/write-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glow-temporary-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a program that is in the middle of writing `file` when it ends as told. */
function writeAndEnd(end: string) {
  const program = `import { writeFileAtomic } from './packages/runtime/dist/internal-node.js';
    function* chunks() { yield new Uint8Array(1000); ${end}; }
    await writeFileAtomic(${JSON.stringify(join(folder, 'file'))}, chunks());`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

test('a process that exits in the middle of a file leaves nothing of it', () => {
  expect(writeAndEnd('process.exit(5)')).toMatchObject({ status: 5, stderr: '' });
  expect(readdirSync(folder)).toEqual([]);
});

test('a file that a killed process left is removed by the next process that writes beside it', async () => {
  expect(writeAndEnd("process.kill(process.pid, 'SIGKILL')").status).not.toBe(0);
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^file\..*\.tmp$/)]);
  await writeFileAtomic(join(folder, 'other'), 'whole');
  expect(readdirSync(folder)).toEqual(['other']);
});

test('files of running processes and of other machines stay', () => {
  const own = temporaryName(join(folder, 'own'));
  const far = temporaryName(join(folder, 'far')).replace(/[0-9a-f]{8}-/, '01234567-');
  const dead = temporaryName(join(folder, 'dead')).replace(/-[0-9a-f]{8}\./, '-01234567.');
  const unknown = temporaryName(join(folder, 'unknown')).replace(/-[0-9a-f]{8}\./, '-e3b0c442.'); // of ''
  for (const path of [own, far, dead, unknown, join(folder, 'user.tmp')]) writeFileSync(path, '');
  mkdirSync(temporaryName(join(folder, 'kept'), 'old'));
  expect(remainsIn(folder, 'tmp')).toEqual([dead]);
});

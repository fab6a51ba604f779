import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, space, thisProcess } from '../../../packages/runtime/src/node/process-owner.js';

const whereLinux = process.platform === 'linux' ? test : test.skip;

whereLinux('two machines of one name and namespace are told apart by their ids, which stay private', () => {
  const folder = mkdtempSync(join(tmpdir(), 'glow-owner-'));
  try {
    const ids = ['0123456789abcdef', 'fedcba9876543210'];
    const spaces = ids.map((id) => {
      writeFileSync(join(folder, id), `${id}\n`);
      return space(join(folder, id));
    });
    expect(new Set([...spaces, space(join(folder, 'none'))]).size).toBe(3);
    expect(spaces[0]).not.toContain(ids[0]);
    expect(isRunning({ ...thisProcess(), space: spaces[0] as string, started: '1' })).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

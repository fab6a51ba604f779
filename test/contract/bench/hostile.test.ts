import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

test.each(['fashion-mnist', 'fashion-classes'])(
  'models/%s stays finite on a few hostile images of each kind',
  (name) => {
    const flags = ['--model', join(root, 'models', name), '--count', '40', '--reconstruct', '1', '--json'];
    const printed = execFileSync(process.execPath, [join(root, 'bench/hostile.mjs'), ...flags], {
      encoding: 'utf8',
    });
    const { count, results } = JSON.parse(printed);
    expect(count).toBe(40);
    const sum = (key: string) =>
      results.reduce((total: number, row: Record<string, number>) => total + row[key], 0);
    expect([sum('pictures'), sum('decoded'), sum('notFinite'), sum('lost')]).toEqual([40, 40, 0, 0]);
  },
);

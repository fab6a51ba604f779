import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const page = readFileSync(join(root, 'docs/support.md'), 'utf8');

/** The lines of a page between the markers of linux-x64. */
const measured = (text: string) =>
  /<!-- measured on linux-x64: .* -->\n([\s\S]*)<!-- end of linux-x64 -->/.exec(text)?.[1]?.split('\n') ?? [];

test('docs/support.md has a result for each pair of npm and Node, and none has failed', () => {
  const [header, , ...rows] = measured(page).filter((line) => line.startsWith('|'));
  expect(header).toMatch(/^\| \| Node 20\.19\.\d+ \| Node 22\.\d+\.\d+ \| Node 24\.\d+\.\d+ \|$/);
  expect(rows.map((row) => /^\| npm (\d+\.\d+)\.\d+ /.exec(row)?.[1])).toEqual([
    '10.8',
    '11.6',
    '11.19',
    expect.stringMatching(/^12\./),
  ]);
  const cells = rows.flatMap((row) => row.split(' | ').slice(1));
  expect(cells).toHaveLength(12);
  expect(cells.filter((cell) => !/^(passed|not allowed: it needs Node \^2.*)( \|)?$/.test(cell))).toEqual([]);
});

/** What a module of scripts/support makes of a page. */
function written(text: string, results: object): string {
  const script = `
    import { intoPage, tableOf } from './scripts/support/page.mjs';
    const { text, nodes, rows } = JSON.parse(process.argv[1]);
    Object.defineProperty(process, 'platform', { value: 'linux' });
    Object.defineProperty(process, 'arch', { value: 'x64' });
    process.stdout.write(intoPage(text, tableOf(nodes, rows)));`;
  const args = ['--input-type=module', '-e', script, JSON.stringify({ text, ...results })];
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
}

describe('the table of pairs', () => {
  const results = {
    nodes: ['20.19.6', '24.0.0'],
    rows: [
      { npm: '10.8.3', cells: [{ passed: true }, { failed: 'npm ci' }] },
      { npm: '12.2.2', cells: [{ refused: '^22.22.2 || >=24' }, { passed: true }] },
    ],
  };

  test('names the command that failed, and the Node that an npm needs; the rest of the page stays', () => {
    const [start, end] = [
      'before\n<!-- measured on linux-x64: npm run support-table -->\n',
      '<!-- end of linux-x64 -->\nafter\n',
    ];
    const next = written(`${start}the last table\n${end}`, results);
    expect(next.startsWith(start) && next.endsWith(end)).toBe(true);
    expect(next).not.toContain('the last table');
    expect(measured(next)[0]).toMatch(/^Linux x64.*, \d+ cores, \d+ \w+ 20\d\d:$/);
    expect(measured(next).slice(2)).toEqual([
      '| | Node 20.19.6 | Node 24.0.0 |',
      '|---|---|---|',
      '| npm 10.8.3 | passed | **failed**: npm ci |',
      '| npm 12.2.2 | not allowed: it needs Node ^22.22.2 or >=24 | passed |',
      '',
    ]);
  });

  test('is not written into a page without a place for it', () => {
    expect(() => written('# Page\n', results)).toThrow('the page has no "<!-- measured on linux-x64');
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** A test file, run by the jest of this repository with its configuration. */
const tests = `
import { describeNeeding, testNeeding } from '../../support/needing.js';

const here = { package: 'here', isHere: () => true };
const [a, b] = ['lib-a', 'lib-b'].map((name) => ({ package: name, isHere: () => false }));
test('plain', () => {});
test.skip('for a reason of its own', () => {});
testNeeding(here)('has what it needs', () => {});
testNeeding({ package: 'npm:some-script', isHere: () => false })('lacks what a script installs', () => { throw new Error('it ran'); });
testNeeding(a)('lacks one', () => { throw new Error('it ran'); });
testNeeding(a, here, b, a).each([1, 2])('lacks two: %s', () => { throw new Error('it ran'); });
describeNeeding(a)('a group', () => {
  beforeAll(() => { throw new Error('it ran'); });
  test('inside', () => {});
  testNeeding(b)('inside, which lacks another', () => {});
});
describeNeeding(a).each([{ name: 'x' }])('a group of $name', () => {
  test('inside', () => {});
});
`;

test('tests whose packages are missing are skipped, and the last lines say what installs them', () => {
  const folder = mkdtempSync(join(root, 'test/contract/skips-'));
  const name = join(folder, 'some.test.ts');
  try {
    writeFileSync(name, tests);
    const jest = join(root, 'node_modules/jest/bin/jest.js');
    const { status, stderr } = spawnSync(process.execPath, [jest, name], { cwd: root, encoding: 'utf8' });
    expect(stderr).toContain('8 skipped, 2 passed, 10 total');
    expect(stderr.trim().split('\n').slice(-5)).toEqual([
      'This machine lacks packages for some tests.',
      '  3 skipped tests need: apt-get install lib-a',
      '  3 skipped tests need: apt-get install lib-a lib-b',
      '  1 skipped test needs: npm run some-script',
      '  To run all of them: apt-get install lib-a lib-b && npm run some-script',
    ]);
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

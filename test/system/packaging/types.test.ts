import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tarballs } from '../../support/installed-app.js';

const root = resolve(__dirname, '../../..');

describe.each(['flow', 'runtime'] as const)('the packed %s', (name) => {
  // node10 knows no `exports`, and TypeScript has given it up.
  test('resolves to the right types from ESM, from CommonJS and in bundlers', () => {
    const attw = join(root, 'node_modules/.bin/attw');
    const args = [tarballs()[name], '--profile', 'node16', '--format', 'json'];
    // To a file: attw exits before a pipe has taken all that it prints.
    const file = join(process.env.TEST_RUN as string, `types-of-${name}.json`);
    const out = openSync(file, 'w');
    const { stderr } = spawnSync(attw, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', out, 'pipe'] });
    closeSync(out);
    expect(stderr).not.toMatch(/error/i);
    const { analysis } = JSON.parse(readFileSync(file, 'utf8')) as {
      analysis: {
        entrypoints: object;
        problems: { kind: string; entrypoint?: string; resolutionKind?: string }[];
      };
    };
    expect(Object.keys(analysis.entrypoints)).toContain('.');
    // Only the other packages of this project import `internal` entries, and they are ES modules.
    const problems = analysis.problems.filter(
      ({ entrypoint, resolutionKind }) =>
        resolutionKind !== 'node10' && !entrypoint?.startsWith('./internal'),
    );
    expect(problems).toEqual([]);
  });
});

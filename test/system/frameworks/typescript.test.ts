import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFrameworkApp, type FrameworkApp, runIn } from '../../support/framework-app.js';
import { npm } from '../../support/installed-app.js';

/** docs/frameworks/typescript.md. */
const oldest = '5.4.5';

describe('the published types', () => {
  let app: FrameworkApp;
  beforeAll(() => {
    app = createFrameworkApp('typescript', 'models');
    npm(app.folder, 'install', '--prefer-offline', '--ignore-scripts', `oldest@npm:typescript@${oldest}`);
  }, 300_000);

  test('pass TypeScript 7 without skipLibCheck, as the page has it', () => app.build(), 120_000);

  test.each([
    { compiler: 'typescript', type: 'module', module: 'NodeNext' },
    { compiler: 'typescript', type: 'commonjs', module: 'NodeNext' },
    { compiler: 'oldest', type: 'module', module: 'ESNext' },
    { compiler: 'oldest', type: 'module', module: 'NodeNext' },
    { compiler: 'oldest', type: 'commonjs', module: 'NodeNext' },
  ])(
    'pass $compiler, $module, in a package of type $type',
    ({ compiler, type, module }) => {
      const path = join(app.folder, 'package.json');
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), type }));
      const resolution = module === 'NodeNext' ? 'NodeNext' : 'Bundler';
      const flags = ['--module', module, '--moduleResolution', resolution];
      expect(runIn(app.folder, process.execPath, `node_modules/${compiler}/bin/tsc`, ...flags)).toBe('');
    },
    120_000,
  );
});

/**
 * Gives all packages their next version, as the files in .changeset say, and the changelog's "Unreleased" that name:
 *
 *     npm run version-packages
 */
import { execSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const changelog = readFileSync('CHANGELOG.md', 'utf8');
const heading = '## Unreleased\n';
if (!changelog.includes(heading)) throw new Error('version: CHANGELOG.md has no "## Unreleased"');
const versionNow = () => JSON.parse(readFileSync('packages/runtime/package.json', 'utf8')).version;

const before = versionNow();
execSync('npx changeset version', { stdio: 'inherit' });
const version = versionNow();
if (version === before) throw new Error('version: nothing in .changeset asks for a release');
writeFileSync(
  'packages/runtime/src/version.ts',
  readFileSync('packages/runtime/src/version.ts', 'utf8').replace(before, version),
);
// npm 11.7 and later drop other systems' optional packages from the lock file, after which `npm ci` fails there.
execSync('npx --yes npm@11.6.0 install --package-lock-only --ignore-scripts', { stdio: 'inherit' });

const today = new Date().toISOString().slice(0, 10);
writeFileSync('CHANGELOG.md', changelog.replace(heading, `${heading}\n## ${version}, ${today}\n`));

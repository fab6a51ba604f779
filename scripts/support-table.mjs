/**
 * Runs the README's first commands under each pair of npm and Node, and writes docs/support.md's table of them:
 *
 *     npm run support-table                                    # all pairs, 1 to 2 minutes each
 *     npm run support-table -- --npm 12 --node 22 --node 24    # some pairs; prints the table and leaves the page
 *
 * It tests the newest commit, not what is uncommitted. A pair that fails leaves its log, and the exit status is 1.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { intoPage, tableOf } from './support/page.mjs';
import { runPair } from './support/pair.mjs';
import { enginesAllow, installNode, installNpm } from './support/tools.mjs';

const several = { type: 'string', multiple: true };
const { values } = parseArgs({ options: { npm: several, node: several } });
const npmRanges = values.npm ?? ['10.8', '11.6', '11.19', '12'];
const nodeRanges = values.node ?? ['20.19', '22', '24'];
const page = 'docs/support.md';

if (execFileSync('git', ['status', '--porcelain'], { encoding: 'utf8' }) !== '')
  console.error('support-table: uncommitted changes are not tested');

const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
const folder = mkdtempSync(join(tmpdir(), 'glow-support-'));
mkdirSync(join(folder, 'logs'));
const nodes = nodeRanges.map((range) => installNode(range, folder));
const npms = npmRanges.map((range) => installNpm(range, folder));

const rows = [];
for (const npm of npms) {
  const cells = [];
  for (const node of nodes) {
    const pair = `npm ${npm.version}, Node ${node.version}`;
    const started = Date.now();
    const result = enginesAllow(npm, node)
      ? runPair(
          npm,
          node,
          commit,
          folder,
          join(folder, 'logs', `npm-${npm.version}-node-${node.version}.log`),
        )
      : { refused: npm.engines };
    cells.push(result);
    console.log(`${pair}: ${JSON.stringify(result)}, ${Math.round((Date.now() - started) / 1000)} s`);
  }
  rows.push({ npm: npm.version, cells });
}

const table = tableOf(
  nodes.map(({ version }) => version),
  rows,
);
if (values.npm || values.node) console.log(table);
else writeFileSync(page, intoPage(readFileSync(page, 'utf8'), table));

const failed = rows.flatMap(({ cells }) => cells).filter(({ failed }) => failed);
if (failed.length > 0) {
  console.error(`support-table: ${failed.length} of the pairs failed; logs are in ${join(folder, 'logs')}`);
  process.exitCode = 1;
} else {
  rmSync(folder, { recursive: true });
}

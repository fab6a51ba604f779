/**
 * Runs the README's first commands under each pair of npm and Node, and writes docs/support.md's table of them:
 *
 *     npm run support-table                                    # all pairs, 1 to 2 minutes each
 *     npm run support-table -- --npm 12 --node 22 --node 24    # some pairs; prints the table and leaves the page
 *
 * It tests the newest commit or that of --commit, not what is uncommitted. out/support-table.json keeps the pairs
 * that have passed on that commit, so a run that was interrupted goes on when it is started again. A pair that fails
 * leaves its log, and the exit status is 1.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { intoPage, tableOf } from './support/page.mjs';
import { runPair } from './support/pair.mjs';
import { openRecord } from './support/record.mjs';
import { enginesAllow, installNode, installNpm } from './support/tools.mjs';

const several = { type: 'string', multiple: true };
const options = { npm: several, node: several, commit: { type: 'string', default: 'HEAD' } };
const { values } = parseArgs({ options });
const npmRanges = values.npm ?? ['10.8', '11.6', '11.19', '12'];
const nodeRanges = values.node ?? ['20.19', '22', '24'];
const page = 'docs/support.md';

const commit = execFileSync('git', ['rev-parse', values.commit], { encoding: 'utf8' }).trim();
const { passed, keep } = openRecord('out/support-table.json', commit);
const folder = mkdtempSync(join(tmpdir(), 'glow-support-'));
mkdirSync(join(folder, 'logs'));
const nodes = nodeRanges.map((range) => installNode(range, folder));
const npms = npmRanges.map((range) => installNpm(range, folder));

const rows = [];
for (const npm of npms) {
  const cells = [];
  for (const node of nodes) {
    const pair = `npm ${npm.version}, Node ${node.version}`;
    const log = join(folder, 'logs', `${pair.replaceAll(/[, ]+/g, '-')}.log`);
    const started = Date.now();
    let result = { refused: npm.engines };
    if (passed.has(pair)) result = { passed: true };
    else if (enginesAllow(npm, node)) result = runPair(npm, node, commit, folder, log);
    if (result.passed) keep(pair);
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

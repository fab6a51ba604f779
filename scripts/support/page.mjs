/** The table of pairs, and its place in the page. */
import { cpus } from 'node:os';

const systems = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

/** The page with this system's table between its markers. */
export function intoPage(page, table) {
  const name = `${process.platform}-${process.arch}`;
  const [start, end] = [`<!-- measured on ${name}: npm run support-table -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`support-table: the page has no "${start}" before "${end}"`);
  return `${page.slice(0, from)}${start}\n${table}\n${page.slice(to)}`;
}

/** A row for each npm, a column for each Node. */
export function tableOf(nodes, rows) {
  const lines = rows.map(({ npm, cells }) => [`npm ${npm}`, ...cells.map(cellOf)]);
  const header = ['', ...nodes.map((version) => `Node ${version}`)];
  const asRow = (cells) => `| ${cells.join(' | ')} |`.replace('|  |', '| |');
  const table = [asRow(header), `|${'---|'.repeat(header.length)}`, ...lines.map(asRow)].join('\n');
  return `${measuredOn()}\n\n${table}`;
}

function cellOf({ passed, refused, failed }) {
  if (passed) return 'passed';
  return refused ? `not allowed: it needs Node ${refused.replaceAll('||', 'or')}` : `**failed**: ${failed}`;
}

function measuredOn() {
  const { glibcVersionRuntime } = process.report.getReport().header;
  const libc = glibcVersionRuntime ? ` with glibc ${glibcVersionRuntime}` : '';
  const date = new Date().toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
  return `${systems[process.platform] ?? process.platform} ${process.arch}${libc}, ${cpus().length} cores, ${date}:`;
}

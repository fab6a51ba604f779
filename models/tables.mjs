/** A Markdown table; `align` has `l` or `r` for each column, and its last letter also stands for all columns after it. */
export function table(align, header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = header.map((_, column) => ((align[column] ?? align.at(-1)) === 'r' ? '--:' : '---'));
  return [line(header), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

/**
 * The page with its table of the same header replaced.
 * @throws Error if the page has no such table.
 */
export function replaceTable(page, table) {
  const lines = page.split('\n');
  const first = lines.indexOf(table.split('\n', 1)[0]);
  if (first < 0) throw new Error(`the page has no table that begins with ${table.split('\n', 1)[0]}`);
  const after = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
  return [...lines.slice(0, first), table, ...lines.slice(after)].join('\n');
}

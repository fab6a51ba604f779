/** What a command tells: to a person, and with --json to a script. */
export interface Report {
  readonly text: string;
  readonly json: unknown;
  /** What failed beside what is told; the command then fails too. */
  readonly error?: Error | undefined;
}

/** Rows as aligned columns; all but the first column to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const align = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number);
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}

/** `1 picture`, `2 pictures` */
export function pictures(count: number): string {
  return `${count} ${count === 1 ? 'picture' : 'pictures'}`;
}

/** 1,234 B, 12.3 kB, 4.5 MB. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, 'kB'] : [1e6, 'MB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}

import { printable } from '@glow-onnx/flow/manifest';
import type { LeftOut } from '../node/left-out.js';
import type { FittedFile } from './fitted.js';

/** The result of a command: `text` for people, `json` for scripts (--json). */
export interface Report {
  readonly text: string;
  readonly json: unknown;
  /** Files in the folders of the arguments that were not read. The command names them on stderr. */
  readonly leftOut?: readonly LeftOut[];
  /** Images that were brought to another size. The command says so on stderr. */
  readonly fitted?: readonly FittedFile[];
  /** Set if a part of the work failed. The command prints its report and then fails with this error. */
  readonly error?: Error | undefined;
}

/** Formats rows as aligned columns. The first column is aligned to the left, the others to the right. */
export function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const align = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number);
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}

/** Formats names and values, one pair per line. The values are aligned. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

/** `1 image`, `2 feature maps`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `123 B`, `12.3 kB`, `4.5 MB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, 'kB'] : [1e6, 'MB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}

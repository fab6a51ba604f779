import { join, posix } from 'node:path';
import { messageOf } from '@glow-onnx/runtime/internal';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';
import { parse } from 'csv-parse/sync';
import { type FoundLabels, type LabelFault, type Labels, labelsFrom } from './labels.js';
import { checkRegularFile } from './regular-file.js';

const defaultFile = 'metadata.csv';
const pathColumn = 'file_name';
/** Bytes of the longest file of labels: 40 columns of half a million images. */
const maxBytes = 2 ** 26;

/** A line of a CSV file, counted from 1; of a cell with line breaks, its last line. */
interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A CSV file of labels. */
interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  /** The rows of each image, by `keyOf`. */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
}

/**
 * Reads a CSV file of labels: a line of column names, including `file_name`, then a line for each image. A path in it
 * may be written with / or \, and in any Unicode form.
 * @param named the file. Default: metadata.csv in the folder, if it exists.
 * @returns a function that returns the labels of images, and throws if one of them has no line.
 * @throws Error that names the file and, where it applies, the line, if the file cannot be read.
 */
export async function readLabelTable(
  folder: string,
  named: string | undefined,
): Promise<(files: readonly string[]) => FoundLabels> {
  const path = named ?? join(folder, defaultFile);
  const bytes = await checkRegularFile(path)
    .then(() => readWholeFile(path, maxBytes))
    .catch((cause: NodeJS.ErrnoException) => {
      if (named === undefined && cause.code === 'ENOENT') return undefined;
      const reason = cause.code ?? cause.message;
      throw new Error(`the label file ${path} cannot be read (${reason}); pass another --label-file`, {
        cause,
      });
    });
  if (bytes === undefined) return () => ({ labels: {}, labelFaults: [] });
  const table = parseTable(path, new TextDecoder().decode(bytes));
  return (files) => labelsIn(table, files);
}

function parseTable(path: string, text: string): Table {
  const [header, ...rows] = parseRows(path, text);
  const columns = header?.cells ?? [];
  const at = columns.indexOf(pathColumn);
  if (at < 0) {
    throw new Error(
      `${path} has no column ${pathColumn}, expected one with the path of each image in the folder ` +
        `(found: ${columns.join(', ') || 'no lines'}); add it`,
    );
  }
  const byFile = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row.cells[at]);
    const same = byFile.get(key);
    if (same) same.push(row);
    else byFile.set(key, [row]);
  }
  return { path, columns, rows: byFile };
}

function parseRows(path: string, text: string): Row[] {
  try {
    const rows: string[][] = parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      on_record: (cells: string[], { lines }) => [String(lines), ...cells],
    });
    return rows.map(([line, ...cells]) => ({ line: Number(line), cells }));
  } catch (cause) {
    throw new Error(`${path} is not a CSV file: ${messageOf(cause)}`, { cause });
  }
}

/** One form for the many ways to write a path: with /, without ./ and in Unicode form C. macOS may store form D. */
function keyOf(path: string): string {
  return posix.normalize(path.replaceAll('\\', '/')).normalize('NFC');
}

function labelsIn({ path, columns, rows }: Table, files: readonly string[]): FoundLabels {
  const found = files.map((file) => {
    const of = rows.get(keyOf(file));
    if (of) return of;
    throw new Error(
      `${path} has no line for ${file}, expected a line for each image; add it, or remove the image`,
    );
  });
  const labels: [string, Labels][] = [];
  const labelFaults: LabelFault[] = [];
  for (const [column, attribute] of columns.entries()) {
    if (attribute === pathColumn) continue;
    try {
      if (columns.indexOf(attribute) !== column) throw new Error('appears twice, expected once; rename one');
      labels.push([
        attribute,
        labelsFrom(
          attribute,
          found.map((of) => wordIn(of, column)),
        ),
      ]);
    } catch (error) {
      labelFaults.push({ attribute, reason: `${path}, column ${attribute}: ${messageOf(error)}` });
    }
  }
  return { labels: Object.fromEntries(labels), labelFaults, labelFile: path };
}

/** The word of one image. An empty cell is no class, and an image without a class cannot be trained on. */
function wordIn(rows: readonly Row[], column: number): string {
  const [{ line, cells }, ...others] = rows as [Row, ...Row[]];
  const word = cells[column];
  if (word === '') throw new Error(`line ${line} is empty, expected a value for each image; fill it in`);
  const other = others.find((row) => row.cells[column] !== word);
  if (!other) return word;
  throw new Error(
    `line ${line} says "${word}" and line ${other.line} says "${other.cells[column]}" for the same image; remove one`,
  );
}

import { readFile } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { messageOf } from '@glow-onnx/runtime/internal';
import { parse } from 'csv-parse/sync';
import { type Labels, labelsFrom } from './dataset.js';

type NamedLabels = Record<string, Labels>;

const DEFAULT_FILE = 'metadata.csv';
const PATHS = 'file_name';

/** The attribute `folder`: the first folder in the path of each image. No attribute if an image has no folder. */
export function folderLabels(files: readonly string[]): NamedLabels {
  if (!files.every((file) => file.includes(sep))) return {};
  return { folder: labelsFrom(files.map((file) => file.slice(0, file.indexOf(sep)))) };
}

/**
 * Reads a CSV file of labels: a line of column names, including `file_name`, then a line for each image.
 * @returns a function that returns the labels of files; undefined if no file is named and the folder has none.
 * @throws Error if the file cannot be read, or has no line for an image.
 */
export async function readLabelFile(
  folder: string,
  named: string | undefined,
): Promise<((files: readonly string[]) => NamedLabels) | undefined> {
  const path = named ?? join(folder, DEFAULT_FILE);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (named === undefined && cause.code === 'ENOENT') return undefined;
    throw new Error(
      `data: the label file ${path} cannot be read (${cause.code}); pass another --label-file`,
      { cause },
    );
  });
  if (text === undefined) return undefined;
  const rows = new Map(readRows(path, text).map((row) => [normalize(row[PATHS]), row]));
  return (files) => {
    const missing = files.find((file) => !rows.has(file));
    if (missing !== undefined) {
      throw new Error(
        `data: ${path} has no line for ${missing}, expected a line for each image; add it, or remove the image`,
      );
    }
    const found = files.map((file) => rows.get(file) as Record<string, string>);
    const attributes = Object.keys(found[0]).filter((name) => name !== PATHS);
    return Object.fromEntries(attributes.map((name) => [name, labelsFrom(found.map((row) => row[name]))]));
  };
}

function readRows(path: string, text: string): Record<string, string>[] {
  let rows: Record<string, string>[];
  try {
    rows = parse<Record<string, string>>(text, {
      columns: true,
      bom: true,
      trim: true,
      skip_empty_lines: true,
    });
  } catch (cause) {
    throw new Error(`data: ${path} is not a CSV file: ${messageOf(cause)}`, { cause });
  }
  if (rows[0]?.[PATHS] !== undefined) return rows;
  throw new Error(
    `data: ${path} has no column ${PATHS}, expected one with the path of each image in the folder ` +
      `(found: ${Object.keys(rows[0] ?? {}).join(', ') || 'no lines'}); add it`,
  );
}

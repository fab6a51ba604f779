// Results as lines of JSON, each written as soon as it is found, so that a program can be killed and go on.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The lines of the file that are whole, since a killed program may leave half a line; and how one more is kept. */
export function openResults(path) {
  mkdirSync(dirname(path), { recursive: true });
  const lines = readLines(path);
  const keep = (...found) => {
    appendFileSync(path, found.map((line) => `${JSON.stringify(line)}\n`).join(''));
    lines.push(...found);
  };
  return { lines, keep };
}

/**
 * Notes in `out` which models its results are of. @param folders of the models, by a name.
 * @throws Error if it already holds results of another model of one of the names.
 */
export function noteModels(out, folders) {
  mkdirSync(out, { recursive: true });
  const path = join(out, 'models.json');
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const now = Object.fromEntries(
    Object.entries(folders).map(([name, folder]) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, 'manifest.json')))
        .digest('hex'),
    ]),
  );
  const other = Object.keys(now).find((name) => (before[name] ?? now[name]) !== now[name]);
  if (other !== undefined) {
    throw new Error(
      `${out} holds results of another ${other} than ${folders[other]}; remove it, or pass another --out`,
    );
  }
  writeFileSync(path, JSON.stringify({ ...before, ...now }));
}

/** The lines of the file that are whole. */
export function readLines(path) {
  if (!existsSync(path)) return [];
  const found = readFileSync(path, 'utf8').split('\n');
  if (found.at(-1) !== '') appendFileSync(path, '\n');
  return found.flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

// Results as lines of JSON, each written as soon as it is found, so that a program can be killed and go on.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

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

function readLines(path) {
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

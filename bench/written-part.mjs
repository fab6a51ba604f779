// The part of a document that a program writes: what stands between two marks.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const marksOf = (command) => [`<!-- written by ${command} -->`, '<!-- until here -->'];

/**
 * What stands before and after the part that a command writes.
 * @throws Error if the document lacks the marks.
 */
export function aroundPart(path, command) {
  const text = readFileSync(path, 'utf8');
  const marks = marksOf(command);
  const start = text.indexOf(marks[0]);
  const end = start < 0 ? -1 : text.indexOf(marks[1], start);
  if (end < 0) throw new Error(`${path} lacks the lines ${marks.join(' and ')}`);
  return [text.slice(0, start + marks[0].length), text.slice(end)];
}

/** Replaces that part. */
export function writePart(path, command, part) {
  const [before, after] = aroundPart(path, command);
  writeFileSync(`${path}.part`, `${before}\n\n${part}\n\n${after}`);
  renameSync(`${path}.part`, path);
}

/** Three figures, without a power of ten; nothing for a number that is not known. */
export function figures(number) {
  return number === undefined || Number.isNaN(number) ? '' : String(Number(number.toPrecision(3)));
}

/** A file of the pairs that have passed on one commit. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** @returns the pairs in the file, if it is of this commit, and a function that adds one. */
export function openRecord(path, commit) {
  const last = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { commit, pairs: [] };
  const passed = new Set(last.commit === commit ? last.pairs : []);
  const keep = (pair) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify({ commit, pairs: [...passed.add(pair)] }, undefined, 2)}\n`);
  };
  return { passed, keep };
}

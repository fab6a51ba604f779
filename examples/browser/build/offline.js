import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/**
 * Writes sw.js: the service worker of `source`, after a list of the files of this build that it keeps from the start.
 * The list has no `.wasm`, because the worker keeps only those that a visit uses, and no model, which the runtime
 * keeps.
 */
export function offline({ source, publicFiles }) {
  return {
    name: 'offline',
    apply: 'build',
    async generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name));
      const wasm = Object.keys(bundle).filter((name) => /\.wasm$/.test(name));
      const version = createHash('sha256');
      for (const name of built) version.update(name);
      for (const { path } of publicFiles) version.update(await readFile(path));
      const files = ['./', ...built, ...publicFiles.map(({ name }) => name)];
      const given = { version: version.digest('hex').slice(0, 12), files, wasm };
      const head = Object.entries(given).map(
        ([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`,
      );
      this.emitFile({
        type: 'asset',
        fileName: 'sw.js',
        source: head.join('') + (await readFile(source, 'utf8')),
      });
    },
  };
}

import { relative } from 'node:path';

const count = 10;

/** Prints the files that took longest, after a run of more than one. */
export default class SlowestReporter {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, { testResults }) {
    if (testResults.length < 2) return;
    const files = testResults.map(({ testFilePath, perfStats }) => ({
      path: relative(this.rootDir, testFilePath),
      seconds: perfStats.runtime / 1000,
    }));
    const slowest = files.sort((a, b) => b.seconds - a.seconds).slice(0, count);
    const lines = slowest.map(({ path, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${path}\n`);
    process.stderr.write(`\nThe slowest files:\n${lines.join('')}`);
  }
}

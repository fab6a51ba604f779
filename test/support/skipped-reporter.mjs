/** Prints, as the last lines of jest, how many tests each missing package skipped and the command that installs it. */
export default class SkippedReporter {
  onRunComplete(_contexts, { testResults }) {
    const text = skippedReport(testResults);
    // Jest's own summary comes after its reporters.
    if (text) process.once('exit', () => process.stderr.write(text));
  }
}

/** @returns the lines, or nothing if no package is missing. */
export function skippedReport(testResults) {
  const counts = new Map();
  const missing = new Set();
  for (const { testResults: tests } of testResults) {
    for (const { fullName, status } of tests) {
      const packages = status === 'pending' ? packagesIn(fullName) : [];
      if (packages.length === 0) continue;
      const key = packages.join(' ');
      counts.set(key, (counts.get(key) ?? 0) + 1);
      for (const name of packages) missing.add(name);
    }
  }
  if (missing.size === 0) return '';
  const lines = [...counts.keys()].sort().map((packages) => {
    const count = counts.get(packages);
    return `  ${count} skipped ${count === 1 ? 'test needs' : 'tests need'}: apt-get install ${packages}`;
  });
  const all = [...missing].sort().join(' ');
  return `\nThis machine lacks packages for some tests.\n${lines.join('\n')}\n  To run all of them: apt-get install ${all}\n`;
}

/** Of all the groups that a test stands in, as `needing.ts` names them. */
function packagesIn(fullName) {
  const named = [...fullName.matchAll(/\[needs ([a-z0-9.+-]+(?:, [a-z0-9.+-]+)*)\]/g)];
  return [...new Set(named.flatMap(([, packages]) => packages.split(', ')))].sort();
}

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
  const lines = [...counts.keys()].sort().map((key) => {
    const count = counts.get(key);
    return `  ${count} skipped ${count === 1 ? 'test needs' : 'tests need'}: ${installing(key)}`;
  });
  const all = installing([...missing].sort().join(' '));
  return `\nThis machine lacks packages for some tests.\n${lines.join('\n')}\n  To run all of them: ${all}\n`;
}

/** The command that installs what `needing.ts` names: Debian packages, and `npm:` with a script. */
function installing(names) {
  const scripts = names.split(' ').filter((name) => name.startsWith('npm:'));
  const packages = names.split(' ').filter((name) => !name.startsWith('npm:'));
  return [
    ...(packages.length > 0 ? [`apt-get install ${packages.join(' ')}`] : []),
    ...scripts.map((name) => `npm run ${name.slice(4)}`),
  ].join(' && ');
}

/** Of all the groups that a test stands in, as `needing.ts` names them. */
function packagesIn(fullName) {
  const named = [...fullName.matchAll(/\[needs ([a-z0-9.+:-]+(?:, [a-z0-9.+:-]+)*)\]/g)];
  return [...new Set(named.flatMap(([, packages]) => packages.split(', ')))].sort();
}

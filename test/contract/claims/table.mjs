/**
 * Prints devices × claims as a table in Markdown, from what Jest wrote:
 *
 *     npx jest test/contract/claims --json --outputFile=out/claims.json; node test/contract/claims/table.mjs out/claims.json
 */
import { readFileSync } from 'node:fs';

const { testResults } = JSON.parse(readFileSync(process.argv[2] ?? 'out/jest.json', 'utf8'));
const tests = testResults
  .filter(({ name }) => /[/\\]claims[/\\](node|browser)\.test\.ts$/.test(name))
  .flatMap(({ assertionResults }) => assertionResults);
const places = [...new Set(tests.map(({ ancestorTitles }) => ancestorTitles[0]))].sort();
const claims = [...new Set(tests.map(({ title }) => title))];
const signs = { passed: '✓', failed: '✗' };

console.log(`| claim | ${places.join(' | ')} |`);
console.log(`|---|${places.map(() => '---|').join('')}`);
for (const claim of claims) {
  const cells = places.map((place) => {
    const test = tests.find(({ title, ancestorTitles }) => title === claim && ancestorTitles[0] === place);
    return signs[test?.status] ?? '–';
  });
  console.log(`| ${claim} | ${cells.join(' | ')} |`);
}

// The tables of the learning suite, from its results alone.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { rates } from './candidates.mjs';

const FINALISTS = 4;
const columns = [...rates].sort((a, b) => a - b);
const marks = ['<!-- written by the suite learning -->', '<!-- until here, suite learning -->'];

/**
 * The best four candidates of the screening, and the baseline before them.
 * @throws Error if the results have no screening.
 */
export function finalists(results, screening) {
  const names = screened(results, screening).map(({ name }) => name);
  if (names.length === 0) throw notScreened('no candidate has been', screening);
  return ['baseline', ...names.filter((name) => name !== 'baseline').slice(0, FINALISTS)];
}

/** The rate at which a candidate did best in the screening. @throws Error if it was not screened. */
export function bestRate(results, name, screening) {
  const found = screened(results, screening).find((one) => one.name === name);
  if (found === undefined) throw notScreened(`${name} has not been`, screening);
  return found.best.rate;
}

function notScreened(who, screening) {
  return new Error(
    `learning: ${who} screened for ${screening} minutes; run --stage screening before the finals`,
  );
}

/** The candidates that have been tried, the best first. */
function screened(results, screening) {
  const trials = new Map();
  for (const result of results.filter(({ minutes, seed }) => minutes === screening && seed === 1)) {
    trials.set(result.name, [...(trials.get(result.name) ?? []), result]);
  }
  return [...trials]
    .map(([name, own]) => ({ name, own, best: own.reduce((a, b) => (uniform(b) < uniform(a) ? b : a)) }))
    .sort((a, b) => (uniform(a.best) < uniform(b.best) ? -1 : 1));
}

/** Bits/dim by the uniform bound; Infinity if a held-out image had none, for which JSON has null. */
function uniform({ bitsPerDim }) {
  return bitsPerDim ?? Number.POSITIVE_INFINITY;
}

/** The mean variational bound of these trials, if all trained it; Infinity as in `uniform`. */
function variational(results) {
  const bounds = results.map((one) => one.variationalBitsPerDim);
  if (bounds.includes(undefined)) return '–';
  return mean(bounds.map((bound) => bound ?? Number.POSITIVE_INFINITY)).toFixed(3);
}

/** Both tables, as text of a document. */
export function tables(results, { screening, finals }) {
  return [
    `### Screening: ${screening} minutes, one seed`,
    screeningTable(screened(results, screening)),
    `### Finals: ${finals} minutes, three seeds`,
    finalsTable(results.filter(({ minutes }) => minutes === finals)),
  ].join('\n\n');
}

function screeningTable(rows) {
  const base = rows.find(({ name }) => name === 'baseline')?.best;
  const lines = rows.map(({ name, own, best }) => {
    const tried = columns.map((rate) => {
      const found = own.find((one) => one.rate === rate);
      return found ? uniform(found).toFixed(3) : '–';
    });
    const gain = base === undefined ? '–' : signed(uniform(best) - uniform(base));
    const others = [variational([best]), thousands(best.images), thousands(best.parameters)];
    return `| ${[name, uniform(best).toFixed(3), gain, ...tried, ...others].join(' | ')} |`;
  });
  const head = [
    '',
    'bits/dim',
    'less baseline',
    ...columns.map((rate) => `rate ${rate}`),
    'variational bound',
    'images',
    'parameters',
  ];
  return [`| ${head.join(' | ')} |`, `|---|${'--:|'.repeat(head.length - 1)}`, ...lines].join('\n');
}

function finalsTable(results) {
  const names = [...new Set(results.map(({ name }) => name))];
  const base = results.filter(({ name }) => name === 'baseline');
  const rows = names.map((name) => {
    const own = results.filter((one) => one.name === name);
    const differences = own.flatMap((result) =>
      base.filter((one) => one.seed === result.seed).map((one) => uniform(result) - uniform(one)),
    );
    return { name, own, differences, middle: mean(own.map(uniform)) };
  });
  const lines = rows
    .sort((a, b) => (a.middle < b.middle ? -1 : 1))
    .map(({ name, own, differences, middle }) => {
      const each = own.map((result) => uniform(result).toFixed(3)).join(', ');
      const gain = differences.length > 0 ? signed(mean(differences)) : '–';
      return `| ${[name, middle.toFixed(3), gain, each, variational(own)].join(' | ')} |`;
    });
  const head = '| | bits/dim, mean | less baseline, by seed | each seed | variational bound, mean |';
  return [head, '|---|--:|--:|---|--:|', ...lines].join('\n');
}

/** Replaces what stands between the marks of the document. */
export function writeTables(path, results, minutes) {
  const text = readFileSync(path, 'utf8');
  const [before, after] = marks.map((mark) => text.indexOf(mark));
  if (before < 0 || after < before)
    throw new Error(`learning: ${path} lacks the lines ${marks.join(' and ')}`);
  const written = `${marks[0]}\n\n${tables(results, minutes)}\n\n`;
  writeFileSync(`${path}.part`, text.slice(0, before) + written + text.slice(after));
  renameSync(`${path}.part`, path);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const thousands = (value) => value.toLocaleString('en-US');
const signed = (value) => value.toFixed(3).replace('-', '−');

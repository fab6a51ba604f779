// What anomaly.mjs found, as tables between two marks of a document.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { table } from '../../models/tables.mjs';
import { falseAlarmsAt, leastScores } from '../../packages/runtime/dist/calibration/conformal.js';
import { judgeOf } from '../../packages/runtime/dist/calibration/judge.js';
import { auroc } from './auroc.mjs';
import { calibrationOf, rows, usual } from './scores.mjs';

const marks = ['<!-- written by npm run eval:anomaly -->', '<!-- until here -->'];
const rates = [0.01, 0.05];
/** Fewer pictures calibrate nothing. */
const leastFitted = 20;

/** As Markdown: for each set the AUROC of every score against every kind of stranger, then what verdicts find. */
export function tables(lines) {
  return [...gather(lines)]
    .flatMap(([set, sources]) => [aurocTable(set, sources), alarmTable(set, sources)])
    .filter((text) => text !== '')
    .join('\n\n');
}

/** Set → source → pictures in their order, each with what it was measured by. */
function gather(lines) {
  const sets = new Map();
  for (const { set, source, by, picture, values, group } of lines) {
    const sources = sets.get(set) ?? new Map();
    sets.set(set, sources);
    const pictures = sources.get(source) ?? [];
    sources.set(source, pictures);
    pictures[picture] = { ...pictures[picture], [by]: values, ...(group !== undefined && { group }) };
  }
  for (const sources of sets.values()) {
    for (const [source, pictures] of sources)
      sources.set(
        source,
        pictures.filter((each) => each !== undefined),
      );
  }
  return sets;
}

/** The first quarter calibrates; of photographs, whole ones. */
function parted(good) {
  const groups = [...new Set(good.map(({ group }) => group))];
  const isFirst =
    groups.length > 1
      ? ({ group }) => groups.indexOf(group) < groups.length / 2
      : (_, i) => i < good.length / 4;
  return { fitted: good.filter(isFirst), others: good.filter((each, i) => !isFirst(each, i)) };
}

function aurocTable(set, sources) {
  const good = sources.get('good');
  const names = [...sources.keys()].filter((source) => source !== 'good');
  const { fitted, others } = parted(good.filter(({ model }) => model));
  const found = rows.flatMap((row) => {
    const has = (picture) => row.by.every((by) => picture[by]);
    if (row.fit && fitted.length < leastFitted) return [];
    const of = row.fit ? row.fit(fitted) : (picture) => row.of(picture, set);
    const own = (row.fit ? others : good).filter(has);
    const kinds = names.map((name) => sources.get(name).filter(has));
    const numbers = (pictures) => pictures.map(of).filter(Number.isFinite);
    const ofGood = numbers(own);
    const ofKinds = kinds.map(numbers);
    if (ofGood.length === 0) return [];
    const counts = `${ofGood.length}, ${Math.max(...ofKinds.map(({ length }) => length))}`;
    const cells = ofKinds.map((strange) =>
      strange.length === 0 ? '' : withInterval(auroc(strange, ofGood)),
    );
    return [[row.name, ...cells, counts, ...(set === 'fashion' ? [row.published ?? ''] : [])]];
  });
  if (found.length === 0) return '';
  const head = ['AUROC (95 %)', ...names, 'good pictures, strangers of a kind'];
  return `**${set}**\n\n${table([...head, ...(set === 'fashion' ? ['published, for MNIST'] : [])], found)}`;
}

/** What share of the good pictures and of the strangers a calibration calls unusual. */
function alarmTable(set, sources) {
  const { fitted, others } = parted(sources.get('good').filter(({ model }) => model));
  if (fitted.length < leastFitted) return '';
  const names = [...sources.keys()].filter((source) => source !== 'good');
  const kinds = [
    ['density, excess, levels', usual],
    ['excess alone', (name) => name === 'excess'],
  ];
  const found = kinds.flatMap(([label, isChosen]) =>
    rates.flatMap((rate) => {
      const calibration = calibrationOf(fitted, isChosen);
      const count = Object.values(calibration.scores)[0].length;
      if (count < leastScores(rate)) return [];
      const { judge } = judgeOf(calibration, rate);
      const share = (pictures) =>
        percent(pictures.filter(({ model }) => judge(model).unusual).length / pictures.length);
      const { interval } = falseAlarmsAt(count, rate);
      const strangers = names.map((name) => share(sources.get(name).filter(({ model }) => model)));
      return [
        [
          `${label}, ${percent(rate)} asked`,
          share(others),
          interval.map(percent).join('–'),
          count,
          ...strangers,
        ],
      ];
    }),
  );
  if (found.length === 0)
    return `The calibration of ${set} has too few pictures for a rate of ${percent(rates[1])}.`;
  const head = ['called unusual', 'good', 'expected of good (95 %)', 'pictures to compare with', ...names];
  return table(head, found);
}

const withInterval = ({ value, low, high }) =>
  low.toFixed(3) === high.toFixed(3)
    ? value.toFixed(3)
    : `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
const percent = (share) => `${Number((100 * share).toPrecision(2))} %`;

/**
 * What a document says before the marks and after them; of one that does not exist, a title and nothing.
 * @throws Error if it lacks the marks.
 */
export function readAround(path) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : `# Anomaly detection\n\n${marks.join('\n')}\n`;
  const [before, after] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
  if (before < 0 || after < before) {
    throw new Error(`anomaly: ${path} lacks the lines ${marks.join(' and ')}`);
  }
  return { before: text.slice(0, before), after: text.slice(after + marks[1].length) };
}

/** Replaces what stands between the marks of the document. */
export function writeReport(path, lines) {
  const written = [marks[0], tables(lines), marks[1]].join('\n\n');
  const part = join(dirname(path), `.${basename(path)}.part`);
  const { before, after } = readAround(path);
  writeFileSync(part, before + written + after);
  renameSync(part, path);
}

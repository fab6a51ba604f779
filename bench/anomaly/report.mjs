// What anomaly.mjs found, as tables.

import { table } from '../../models/tables.mjs';
import { falseAlarmsAt, leastScores } from '../../packages/runtime/dist/calibration/conformal.js';
import { judgeOf } from '../../packages/runtime/dist/calibration/judge.js';
import { aurocInterval } from '../auroc.mjs';
import { calibrationOf, rows, usual } from './scores.mjs';

const rates = [0.01, 0.05];
/** Fewer pictures calibrate nothing. */
const leastFitted = 20;

/** As Markdown: for each set the AUROC of every score against every kind of stranger, then what verdicts find. */
export function tables(lines) {
  return [...gather(lines)]
    .flatMap(([set, sources]) => [aurocTable(set, sources), alarmTable(sources)])
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
    const numbered = (pictures) =>
      pictures
        .map((picture) => ({ number: of(picture), group: picture.group }))
        .filter(({ number }) => Number.isFinite(number));
    const ofGood = numbered(own);
    const ofKinds = kinds.map(numbered);
    if (ofGood.length === 0) return [];
    const counts = `${ofGood.length}, ${Math.max(...ofKinds.map(({ length }) => length))}`;
    const cells = ofKinds.map((strange) => (strange.length === 0 ? '' : cell(strange, ofGood)));
    return [[row.name, ...cells, counts, ...(set === 'fashion' ? [row.published ?? ''] : [])]];
  });
  if (found.length === 0) return '';
  const head = ['AUROC (95 %)', ...names, 'good pictures, strangers of a kind'];
  if (set === 'fashion') head.push('published, for MNIST');
  return `**${set}**\n\n${table('lr', head, found)}`;
}

/** An AUROC with its interval; by photograph, where the good pictures are of some. */
function cell(strange, good) {
  const numbers = (side) => side.map(({ number }) => number);
  const groups = good.some(({ group }) => group !== undefined) && {
    strangers: strange.map(({ group }, i) => group ?? `stranger ${i}`),
    good: good.map(({ group }) => group),
  };
  const { value, ...ends } = aurocInterval(numbers(strange), numbers(good), groups || undefined);
  const [low, high] = [ends.low, ends.high].map((end) => end.toFixed(3));
  return low === high ? value.toFixed(3) : `${value.toFixed(3)} (${low}–${high})`;
}

/** What share of the good pictures and of the strangers a calibration calls unusual. */
function alarmTable(sources) {
  const { fitted, others } = parted(sources.get('good').filter(({ model }) => model));
  if (fitted.length < leastFitted) return '';
  const names = [...sources.keys()].filter((source) => source !== 'good');
  const { length: compared } = Object.values(calibrationOf(fitted, usual).scores)[0];
  if (compared < leastScores(Math.max(...rates))) {
    const unit = fitted[0].group === undefined ? 'pictures' : 'photographs';
    return `Here ${compared} ${unit} are left to compare with, so no rate of false alarms below 1/${compared + 1} can be asked for.`;
  }
  const kinds = [
    ['density, excess, levels', usual],
    ['excess alone', (name) => name === 'excess'],
  ];
  const found = kinds.flatMap(([label, isChosen]) =>
    rates.flatMap((rate) => {
      const calibration = calibrationOf(fitted, isChosen);
      if (compared < leastScores(rate)) return [];
      const { judge } = judgeOf(calibration, rate);
      const share = (pictures) =>
        percent(pictures.filter(({ model }) => judge(model).unusual).length / pictures.length);
      const { interval } = falseAlarmsAt(compared, rate);
      const strangers = names.map((name) => share(sources.get(name).filter(({ model }) => model)));
      return [
        [
          `${label}, ${percent(rate)} asked`,
          share(others),
          interval.map(percent).join('–'),
          compared,
          ...strangers,
        ],
      ];
    }),
  );
  const head = ['called unusual', 'good', 'expected of good (95 %)', 'pictures to compare with', ...names];
  return table('lr', head, found);
}

const percent = (share) => `${Number((100 * share).toPrecision(2))} %`;

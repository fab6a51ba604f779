// How well the classes of Fashion-MNIST can be told from what models/fashion-mnist makes of a picture: the table of
// docs/representation.md.
//
//     npm run eval:representation -- [--train 60000] [--test 10000] [--seeds 5] [--only pixels,means]
//                                    [--tasks few,nearest,full] [--out out/representation] [--doc docs/representation.md]
//
// One thread. Kill it whenever you like: rows are kept in files of 1,000 pictures in --out, and each result is a line of
// results.jsonl there; the same command goes on. Results of other --train, --test or --iterations are other lines, and only the
// first --seeds draws of few labels are shown. Penalties and numbers of neighbours are chosen on the last 5,000 training pictures, or a tenth of --train, on which nothing else is trained.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseManifest } from '@glow-onnx/flow/manifest';
import { integer } from '../models/options.mjs';
import { fewProbes, fullProbe, nearest } from './representation/evaluate.mjs';
import { fewLabels, resultTable } from './representation/report.mjs';
import { openRows, representations } from './representation/representations.mjs';
import { readSet, untrained } from './representation/rows.mjs';
import { noteModels, openResults } from './results-file.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const command = 'npm run eval:representation';
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    train: { ...text, default: '60000' },
    test: { ...text, default: '10000' },
    seeds: { ...text, default: '5' },
    iterations: { ...text, default: '100' },
    only: text,
    tasks: { ...text, default: 'few,nearest,full' },
    data: { ...text, default: '/usr/share/datasets/fashion-mnist' },
    out: { ...text, default: 'out/representation' },
    doc: text,
  },
});
const inThousands = { least: 1000, step: 1000 };
const train = integer(values, 'train', { ...inThousands, most: 60_000 });
const test = integer(values, 'test', { ...inThousands, most: 10_000 });
const [seeds, iterations] = ['seeds', 'iterations'].map((name) => integer(values, name, { most: 1000 }));
const chosen = choose('only', representations, ({ name }) => name.replaceAll('*', ''));
const tasks = choose('tasks', ['few', 'nearest', 'full'], (name) => name);
const validation = Math.min(5000, Math.floor(train / 10));
const enough = fewLabels.filter((labels) => labels <= train - validation);
if (values.doc) aroundPart(values.doc, command); // says now, not after an hour, what it lacks

const size = { train, test };
const { lines, keep } = openResults(join(values.out, 'results.jsonl'));
const sets = { train: readSet(values.data, 'train', train), test: readSet(values.data, 'test', test) };
const model = resolve(import.meta.dirname, '../models/fashion-mnist');
noteModels(values.out, { model });
const { config } = parseManifest(readFileSync(join(model, 'manifest.json')));
const folders = {
  trained: model,
  untrained: await untrained({ config }, sets.train, join(values.out, 'start')),
};

for (const one of chosen) {
  const missing = tasks.filter((task) => !isDone(one, task));
  if (missing.length === 0) continue;
  const open = (set) =>
    openRows(one, { pictures: sets[set], training: sets.train, set, folders, out: values.out });
  const [rows, testRows] = [await open('train'), await open('test')];
  const data = { rows, testRows, validation, labels: sets.train.labels, testLabels: sets.test.labels };
  const note = (line) => {
    const whole = { name: one.name, numbers: rows[0].length, ...size, ...line };
    keep(whole);
    console.error(JSON.stringify(whole));
  };
  for (const task of missing) await work(task, data, note);
}
if (values.doc) writePart(values.doc, command, resultTable(ofCall()));
else console.log(resultTable(ofCall()));

async function work(task, data, note) {
  if (task === 'nearest')
    note({ task, ...(await nearest(data, Math.min(10_000, train - data.validation), test)) });
  if (task === 'full') {
    note({ task, labels: train - data.validation, iterations, ...(await fullProbe(data, iterations)) });
  }
  if (task !== 'few') return;
  for (const labels of enough) {
    const found = await fewProbes(
      data,
      labels,
      Array.from({ length: seeds }, (_, i) => i + 1),
    );
    for (const line of found) note({ task, labels, ...line });
  }
}

function isDone({ name }, task) {
  const own = ofCall().filter((line) => line.name === name && line.task === task);
  return own.length >= (task === 'few' ? seeds * enough.length : 1);
}

/** The lines that this call asks for, one of each: of a task that was killed and done again some stand there twice. */
function ofCall() {
  const own = lines.filter(
    (line) =>
      line.train === train &&
      line.test === test &&
      (line.task !== 'few' || line.seed <= seeds) &&
      (line.task !== 'full' || (line.iterations ?? 100) === iterations), // lines once lacked it
  );
  return [
    ...new Map(own.map((line) => [[line.name, line.task, line.labels, line.seed].join(' '), line])).values(),
  ];
}

function choose(option, all, nameOf) {
  if (values[option] === undefined) return all;
  return values[option].split(',').map((name) => {
    const found = all.find((one) => nameOf(one) === name);
    if (found) return found;
    throw new RangeError(`--${option} ${name}: expected some of ${all.map(nameOf).join('; ')}`);
  });
}

// How well models/pixel-faces and models/fashion-mnist restore pictures that they have not seen: the tables and grids of
// docs/restoration.md.
//
//     npm run eval:restoration -- [--pictures 200] [--sampled 40] [--only faces,clothes/noise-0.1] [--python python3]
//                                 [--out out/restoration] [--doc docs/restoration.md]
//
// One thread. Kill it whenever you like: each picture is a line of results.jsonl in --out as soon as it is done, and the
// same command goes on. To begin anew after a change of the searches, remove --out. It reports all pictures that are
// done with these --steps and --draws: in the document of --doc, or printed. With --python, plain denoising runs beside
// (bench/peers/restoration.txt).
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime/node';
import { integer } from '../models/options.mjs';
import { cases, openPictures, sets } from './restoration/cases.mjs';
import { openPeer } from './restoration/peer.mjs';
import { readAround, tables, writeReport } from './restoration/report.mjs';
import { restoreCase } from './restoration/restore-case.mjs';
import { noteModels, openResults } from './results-file.mjs';

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    pictures: { ...text, default: '200' },
    sampled: { ...text, default: '40' },
    draws: { ...text, default: '20' },
    steps: text,
    only: text,
    python: text,
    data: { ...text, default: '/usr/share/datasets/fashion-mnist' },
    out: { ...text, default: 'out/restoration' },
    doc: text,
  },
});
const [pictures, sampled, draws] = ['pictures', 'sampled', 'draws'].map((name) => integer(values, name));
const count = { pictures, sampled, draws };
const steps = values.steps && integer(values, 'steps');
const chosen = choose(values.only);
if (values.doc) readAround(values.doc); // says now, not after an hour, what it lacks

/** Pictures of a call: the shared work of a step counts less, and little is lost when the program is killed. */
const batch = 8;

const { lines, keep } = openResults(join(values.out, 'results.jsonl'));
/** Those with the same settings. Only samples have draws. */
const done = () => lines.filter((line) => line.steps === steps && (line.draws ?? draws) === draws);
const isDone = new Set(done().map(({ id, picture }) => `${id} ${picture}`));
const peer = values.python && openPeer(values.python);

const contexts = [];
for (const set of Object.keys(sets)) {
  const own = chosen.filter((one) => one.set === set);
  if (own.length > 0) contexts.push({ cases: own, ...(await open(set)) });
}
const last = Math.max(...chosen.map(countOf));
for (let first = 0; first < last; first += batch) {
  for (const { cases: own, ...context } of contexts) {
    for (const one of own) await work(one, first, Math.min(first + batch, countOf(one)), context);
  }
}
for (const { glow } of contexts) await glow.dispose();
await peer?.close();
if (values.doc) await writeReport(values.doc, done());
else console.log(tables(done()));

/** How many pictures of a case are restored. */
function countOf({ task }) {
  return task === 'samples' ? count.sampled : count.pictures;
}

/** The model of a set and its pictures. */
async function open(set) {
  const model = join(import.meta.dirname, '..', sets[set].model);
  noteModels(values.out, { [set]: model });
  const glow = await loadGlow(model, { device: 'cpu', threads: 1 });
  const { pictures, mean } = await openPictures(
    set,
    glow,
    Math.max(count.pictures, count.sampled),
    values.data,
  );
  await glow.denoise(pictures[0], { sigma: 0.1, steps: 1 }); // builds the gradients, which no picture's time counts
  return { glow, pictures, mean, peer, steps, draws: count.draws };
}

/** Restores those of the pictures from first to end that are not done. */
async function work(one, first, end, context) {
  const places = [];
  for (let i = first; i < end; i++) if (!isDone.has(`${one.id} ${i}`)) places.push(i);
  if (places.length === 0) return;
  const found = await restoreCase(one, places, context);
  keep(...found.map((line) => ({ ...line, steps })));
  console.error(`${one.id}: ${end} pictures`);
}

function choose(only) {
  if (only === undefined) return cases;
  return only.split(',').flatMap((name) => {
    const found = cases.filter(({ id, set }) => id === name || set === name);
    if (found.length > 0) return found;
    throw new RangeError(`--only ${name}: expected some of ${cases.map(({ id }) => id).join(', ')}`);
  });
}

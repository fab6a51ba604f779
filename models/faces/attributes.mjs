// Finds the attribute directions of models/faces from faces it was trained on, and scores them on others, both ways.
//   npm run eval:attributes                prints the table
//   npm run eval:attributes -- --write     and renews models/faces/directions and docs/attributes.md
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { imageGrid, loadGlow, saveLatents, writePng } from '@glow-onnx/runtime/node';
import { editErrors } from './edit-errors.mjs';
import { counterfactualPairs, edits, reversed, seeds } from './edits.mjs';
import { replaceTable, table } from './tables.mjs';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    pairs: { type: 'string', default: '1000' },
    tried: { type: 'string', default: '500' },
  },
});
const [pairs, tried] = [Number(options.pairs), Number(options.tried)];
/** How far to go along the difference of the means: what serves other held-in faces best, if few turn into noise. */
const strengths = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3];
const tolerable = 0.02;
/** The page has sliders for directions that leave at most this share of the error where they should act. */
const convincing = 2 / 3;
const shown = 12;

const here = dirname(fileURLToPath(import.meta.url));
const docs = join(here, '../../docs');
const glow = await loadGlow(here);
const { bits } = glow.config;

/** The mean change of the latents over held-in pairs, as long as is best on further ones. */
async function find(edit) {
  const { before, after } = counterfactualPairs(edit, { seed: seeds.heldIn, count: pairs, bits });
  const direction = await glow.attributeDirection(after, before);
  const others = counterfactualPairs(edit, { seed: seeds.heldIn, first: pairs, count: tried / 2, bits });
  const { z } = await glow.encode(others.before);
  let best = { sum: Number.POSITIVE_INFINITY, strength: strengths[0] };
  for (const strength of strengths) {
    const edited = await glow.applyAttribute(z, direction, strength);
    const { changed, elsewhere, broken } = editErrors(edited, others.before, others.after);
    if (broken <= tolerable && changed + elsewhere < best.sum) best = { sum: changed + elsewhere, strength };
  }
  return { direction: scaled(direction, best.strength), strength: best.strength };
}

function scaled({ levels }, factor) {
  return { levels: levels.map(({ shape, data }) => ({ shape, data: data.map((value) => factor * value) })) };
}

/** What going along a direction makes of held-out faces. */
async function tryOut(edit, direction, strength) {
  const { before, after } = counterfactualPairs(edit, { seed: seeds.heldOut, count: tried, bits });
  const edited = await glow.applyAttribute(before, direction, strength);
  const picture = [before, after, edited].flatMap((row) => row.slice(0, shown));
  return { errors: editErrors(edited, before, after), picture };
}

const results = [];
for (const edit of edits) {
  const { direction, strength } = await find(edit);
  const there = await tryOut(edit, direction, 1);
  const back = await tryOut(reversed(edit), direction, -1);
  results.push({ edit, direction, strength, ...there, back: back.errors });
}

const percent = (share) => `${Math.round(100 * share)} %`;
const one = (value) => value.toFixed(1);
const row = ({ name, from, to }, strength, errors) => [
  ...[`${name}: ${from} → ${to}`, strength, one(errors.nothing), one(errors.changed)],
  ...[percent(errors.changedExact), one(errors.elsewhere), percent(errors.elsewhereExact)],
  ...[one(errors.wholeNothing), one(errors.whole), `${(100 * errors.broken).toFixed(1)} %`],
];
const header = (first) => [
  ...[first, 'strength', 'where it should act: nothing', 'edited', 'right'],
  ...['elsewhere: edited', 'kept', 'whole face: nothing', 'edited', 'noise'],
];
const reports = [
  table(
    header('edit'),
    results.map(({ edit, strength, errors }) => row(edit, strength, errors)),
  ),
  table(
    header('the same direction back'),
    results.map(({ edit, strength, back }) => row(reversed(edit), -strength, back)),
  ),
];
console.log(reports.join('\n\n'));
if (options.write) await write();
await glow.dispose();

async function write() {
  const folder = join(here, 'directions');
  await mkdir(folder, { recursive: true });
  for (const { edit, direction, picture } of results) {
    const file = saveLatents(glow, { z: [direction], names: [`${edit.name}: ${edit.from} → ${edit.to}`] });
    await writeFileAtomic(join(folder, `${edit.name}.safetensors`), file);
    const grid = imageGrid(picture, { columns: shown, scale: 3, gap: 3 });
    await writePng(join(docs, `images/attribute-${edit.name}.png`), grid);
  }
  const index = results
    .filter(({ errors }) => errors.changed < convincing * errors.nothing)
    .map(({ edit: { colour, ...edit }, strength }) => ({
      ...edit,
      file: `${edit.name}.safetensors`,
      strength,
    }));
  await writeFileAtomic(join(folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
  const page = join(docs, 'attributes.md');
  await writeFileAtomic(page, reports.reduce(replaceTable, await readFile(page, 'utf8')));
}

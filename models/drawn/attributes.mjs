// Finds attribute directions of a model of drawn faces from faces it was trained on, and scores them on others.

import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { imageGrid, loadGlow, saveLatents, writePng } from '@glow-onnx/runtime/node';
import { replaceTable, table } from '../tables.mjs';
import { editErrors } from './edit-errors.mjs';
import { counterfactualPairs, reversed, seeds } from './edits.mjs';

/** How far to go along the difference of the means: what serves other held-in faces best, if few turn into noise. */
const strengths = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3];
const tolerable = 0.02;
/** The page has sliders for directions that leave at most this share of the error where they should act. */
const convincing = 2 / 3;
const shown = 12;

/**
 * Prints how edits act, and with `--write` renews the folder's directions and the page: what `attributes.mjs
 * [--write] [--pairs 1000] [--tried 500]` of a model does. Each edit is found on held-in pairs and tried on held-out
 * ones, there and back.
 * @param folder of the model. @param design its faces. @param edits what to find
 * @param page with the two tables, and images/attribute-NAME.png beside it; without it, only directions are written
 */
export async function evaluateAttributes({ folder, design, edits, page }) {
  const { values: options } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      pairs: { type: 'string', default: '1000' },
      tried: { type: 'string', default: '500' },
    },
  });
  const [pairs, tried] = [Number(options.pairs), Number(options.tried)];
  const glow = await loadGlow(folder);
  try {
    const results = [];
    for (const edit of edits) {
      const { direction, strength } = await find(glow, design, edit, pairs, tried / 2);
      const there = await tryOut(glow, design, edit, direction, 1, tried);
      const back = await tryOut(glow, design, reversed(edit), direction, -1, tried);
      results.push({ edit, direction, strength, ...there, back: back.errors });
    }
    const reports = reportsOf(results);
    console.log(reports.join('\n\n'));
    if (options.write) await writeDirections(glow, join(folder, 'directions'), results);
    if (options.write && page) await writePage(page, results, reports);
  } finally {
    await glow.dispose();
  }
}

/** The mean change of the latents over held-in pairs, as long as is best on further ones. */
async function find(glow, design, edit, pairs, others) {
  const { bits } = glow.config;
  const { before, after } = counterfactualPairs(design, edit, {
    seed: seeds.heldIn,
    count: pairs,
    bits,
  });
  const direction = await glow.attributeDirection(after, before);
  const further = counterfactualPairs(design, edit, {
    ...{ seed: seeds.heldIn, first: pairs, count: others, bits },
  });
  const { z } = await glow.encode(further.before);
  let best = { sum: Number.POSITIVE_INFINITY, strength: strengths[0] };
  for (const strength of strengths) {
    const edited = await glow.applyAttribute(z, direction, strength);
    const { changed, elsewhere, broken } = editErrors(edited, further.before, further.after);
    if (broken <= tolerable && changed + elsewhere < best.sum) best = { sum: changed + elsewhere, strength };
  }
  return { direction: scaled(direction, best.strength), strength: best.strength };
}

function scaled({ levels }, factor) {
  return { levels: levels.map(({ shape, data }) => ({ shape, data: data.map((value) => factor * value) })) };
}

/** What going along a direction makes of held-out faces. */
async function tryOut(glow, design, edit, direction, strength, count) {
  const pairs = { seed: seeds.heldOut, count, bits: glow.config.bits };
  const { before, after } = counterfactualPairs(design, edit, pairs);
  const edited = await glow.applyAttribute(before, direction, strength);
  const picture = [before, after, edited].flatMap((row) => row.slice(0, shown));
  return { errors: editErrors(edited, before, after), picture };
}

/** Two Markdown tables: the edits there, and the same directions back. */
function reportsOf(results) {
  return [
    table(
      'lr',
      header('edit'),
      results.map(({ edit, strength, errors }) => row(edit, strength, errors)),
    ),
    table(
      'lr',
      header('the same direction back'),
      results.map(({ edit, strength, back }) => row(reversed(edit), -strength, back)),
    ),
  ];
}

function header(first) {
  return [
    ...[first, 'strength', 'where it should act: nothing', 'edited', 'right'],
    ...['elsewhere: edited', 'kept', 'whole face: nothing', 'edited', 'noise'],
  ];
}

function row({ name, from, to }, strength, errors) {
  const percent = (share) => `${Math.round(100 * share)} %`;
  const one = (value) => value.toFixed(1);
  return [
    ...[`${name}: ${from} → ${to}`, strength, one(errors.nothing), one(errors.changed)],
    ...[percent(errors.changedExact), one(errors.elsewhere), percent(errors.elsewhereExact)],
    ...[one(errors.wholeNothing), one(errors.whole), `${(100 * errors.broken).toFixed(1)} %`],
  ];
}

async function writeDirections(glow, folder, results) {
  await mkdir(folder, { recursive: true });
  for (const { edit, direction } of results) {
    const file = saveLatents(glow, { z: [direction], names: [`${edit.name}: ${edit.from} → ${edit.to}`] });
    await writeFileAtomic(join(folder, `${edit.name}.safetensors`), file);
  }
  const index = results
    .filter(({ errors }) => errors.changed < convincing * errors.nothing)
    .map(({ edit: { colour, ...edit }, strength }) => ({
      ...edit,
      file: `${edit.name}.safetensors`,
      strength,
    }));
  await writeFileAtomic(join(folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
}

async function writePage(page, results, reports) {
  for (const { edit, picture } of results) {
    const grid = imageGrid(picture, { columns: shown, scale: 3, gap: 3 });
    await writePng(join(dirname(page), `images/attribute-${edit.name}.png`), grid);
  }
  await writeFileAtomic(page, reports.reduce(replaceTable, await readFile(page, 'utf8')));
}

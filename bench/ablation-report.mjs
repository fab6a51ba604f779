// What ablation.mjs found, as tables and charts between two marks of a document.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { chart } from '../scripts/chart.mjs';

const marks = ['<!-- written by npm run ablation -->', '<!-- until here -->'];
/** Steps to a point of a curve; the part of the steps before the curves, where all fall steeply. */
const POINT_STEPS = 100;
const STEEP = 0.2;

const paper = ['lu', 'shuffle', 'reverse'].flatMap((conv, i) =>
  ['affine', 'additive'].map((coupling) => ({
    variant: `${conv}-${coupling}`,
    name: `${conv === 'lu' ? 'learned' : conv}, ${coupling}`,
    colour: ['#2a78d6', '#d9541e', '#3a8a4d'][i],
    dashed: coupling === 'additive',
  })),
);
const presets = [
  { variant: 'mix', name: 'mix', colour: '#8d4bbb' },
  { variant: 'tutorial', name: 'tutorial', colour: '#2a78d6' },
  { variant: 'openai', name: 'openai', colour: '#d9541e' },
  { variant: 'port', name: 'port', colour: '#3a8a4d' },
];
/** What is expected to have fewer bits than what. */
const order = [
  ['lu-affine', 'shuffle-affine'],
  ['shuffle-affine', 'reverse-affine'],
  ['lu-affine', 'reverse-affine'],
  ['lu-additive', 'shuffle-additive'],
  ['shuffle-additive', 'reverse-additive'],
  ['lu-additive', 'reverse-additive'],
  ['lu-affine', 'lu-additive'],
  ['shuffle-affine', 'shuffle-additive'],
  ['reverse-affine', 'reverse-additive'],
];
const others = [
  ['mix', 'tutorial'],
  ['mix', 'openai'],
  ['tutorial', 'openai'],
  ['tutorial', 'port'],
  ['lu-affine', 'openai'],
];

/** As Markdown. `figure`, given its name and what it shows, is what stands before the tables of a part. */
export function tables(runs, figure = () => []) {
  const bySeed = groupBySeed(runs);
  return [
    `${runs.length} runs. ${runs.length > 0 ? budget(runs) : ''}`,
    '### 1×1 convolutions and couplings',
    ...figure('paper', 'Training curves of the six variants'),
    scores(paper, bySeed),
    differences(order, bySeed),
    '### Presets',
    ...figure('presets', 'Training curves of the presets'),
    scores(presets, bySeed),
    differences(others, bySeed),
  ].join('\n\n');
}

/** Replaces what stands between the marks of the document, or makes one; charts lie beside it. */
export function writeReport(path, runs) {
  const bySeed = groupBySeed(runs);
  const stem = path.replace(/\.md$/, '');
  const figures = { paper, presets };
  for (const [name, variants] of Object.entries(figures)) {
    replaceFile(`${stem}-${name}.svg`, chart(curves(variants, bySeed), title));
  }
  const figure = (name, alt) => [`![${alt}](${basename(stem)}-${name}.svg)`];
  const written = [marks[0], tables(runs, figure), marks[1]].join('\n\n');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : `# Ablation\n\n${marks.join('\n')}\n`;
  const [before, after] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
  if (before < 0 || after < before)
    throw new Error(`ablation: ${path} lacks the lines ${marks.join(' and ')}`);
  replaceFile(path, text.slice(0, before) + written + text.slice(after + marks[1].length));
}

const title = `Training bits/dim by step, means of ${POINT_STEPS} steps; faint: each seed`;

function groupBySeed(runs) {
  const bySeed = new Map();
  for (const run of runs) {
    const { variant, settings } = run;
    bySeed.set(variant, (bySeed.get(variant) ?? new Map()).set(settings.seed, run));
  }
  return bySeed;
}

function budget(runs) {
  const [{ steps, images, testImages, config, settings }] = runs;
  const { rate, batch, warmup, ema } = settings;
  const seconds = runs.flatMap(({ processorSeconds }) => processorSeconds ?? []);
  const time = seconds.length > 0 ? ` ${Math.round(mean(seconds))} seconds of one core a run.` : '';
  return (
    `Each: L=${config.levels}, K=${config.steps}, hidden ${config.hiddenChannels}, ${config.bits} bits; ` +
    `${thousands(steps)} steps of ${batch} images (${thousands(images)}), Adam at ${rate} after ${warmup} steps, ` +
    `falling as a cosine to zero, averaged by ${ema}. Bits/dim are of ${thousands(testImages)} test images, one ` +
    `draw of noise each (the uniform bound).${time}`
  );
}

/** The mean over seeds, and faintly each seed. */
function curves(variants, bySeed) {
  return variants.flatMap(({ variant, name, ...look }) => {
    const seeds = [...(bySeed.get(variant) ?? new Map())].map(([seed, run]) => ({
      seed,
      points: binned(run),
    }));
    if (seeds.length === 0) return [];
    const points = seeds[0].points.map(({ x }, i) => ({ x, y: mean(seeds.map((one) => one.points[i].y)) }));
    const faint = seeds.map((one) => ({ ...one, name: `${name}, seed ${one.seed}`, ...look, faint: true }));
    return [...faint, { name, points, ...look }];
  });
}

function binned({ metrics, steps }) {
  const bins = new Map();
  const last = Math.max(1, Math.floor(steps / POINT_STEPS)); // a little longer than the others
  for (const { step, bitsPerDim } of metrics) {
    if (bitsPerDim === undefined || step <= STEEP * steps) continue;
    const bin = Math.min(Math.ceil(step / POINT_STEPS), last);
    const x = bin === last ? steps : bin * POINT_STEPS;
    bins.set(x, [...(bins.get(x) ?? []), bitsPerDim]);
  }
  return [...bins].map(([x, values]) => ({ x, y: mean(values) }));
}

function scores(variants, bySeed) {
  const rows = variants.flatMap(({ variant, name }) => {
    const runs = [...(bySeed.get(variant)?.values() ?? [])];
    if (runs.length === 0) return [];
    const values = runs.map(({ bitsPerDim }) => bitsPerDim);
    return { name, values };
  });
  const lines = rows
    .sort((a, b) => mean(a.values) - mean(b.values))
    .map(
      ({ name, values }) => `| ${name} | ${spread(values)} | ${values.map((v) => v.toFixed(3)).join(', ')} |`,
    );
  return ['| | test bits/dim, mean ± sd | each seed |', '|---|--:|---|', ...lines].join('\n');
}

/** Differences seed by seed: the two saw the same images in the same order, with the same noise. */
function differences(pairs, bySeed) {
  const lines = pairs.flatMap(([a, b]) => {
    const [of, than] = [bySeed.get(a), bySeed.get(b)];
    const found = [...(of ?? [])].flatMap(([seed, { bitsPerDim }]) =>
      than?.has(seed) ? bitsPerDim - than.get(seed).bitsPerDim : [],
    );
    if (found.length === 0) return [];
    const fewer = found.filter((difference) => difference < 0).length;
    return `| ${nameOf(a)} less ${nameOf(b)} | ${spread(found)} | ${fewer} of ${found.length} |`;
  });
  return ['| difference, seed by seed | mean ± sd | fewer bits in |', '|---|--:|--:|', ...lines].join('\n');
}

function nameOf(variant) {
  return [...paper, ...presets].find((one) => one.variant === variant).name;
}

/** Sample standard deviation; none of one seed. */
function spread(values) {
  const middle = mean(values);
  const sum = values.reduce((total, value) => total + (value - middle) ** 2, 0);
  const text = middle.toFixed(3).replace('-', '−');
  return values.length > 1 ? `${text} ± ${Math.sqrt(sum / (values.length - 1)).toFixed(3)}` : text;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function thousands(value) {
  return value.toLocaleString('en-US');
}

function replaceFile(path, contents) {
  const part = `${path}.part`;
  writeFileSync(part, contents);
  renameSync(part, path);
}

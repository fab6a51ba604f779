// From a training run to a model folder: graphs, pictures, measured figures and the card that tells them.

import { cp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { parseCheckpoint } from '@glow-onnx/flow';
import { binToPixel, pixelToBin } from '@glow-onnx/flow/pixels';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { BatchError, imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';
import { chart } from '../scripts/chart.mjs';

/**
 * Renews a model folder, at once and in the end: what goes wrong before leaves it as it was.
 * @param folder the model folder, which may hold more than the model; @param run the folder of the training run
 * @param heldOut from the run's checkpoint, what is scored and reconstructed: `images` it was not trained on and, of a
 *   class-conditional model, the class of each as `labels`
 * @param draws of noise per held-out image; @param samples `count` and `temperature` of those shown. Classes get as many each
 * @param scale pixels on a side that a pixel of the pictures becomes
 * @param measureMore what else the card tells: given the model, the folder, the held-out images, their bits/dim and labels
 * @param card from what was measured: `title`, `intro`, `heldOutName`, `rows` of the table before and `sections`
 *   ([heading, markdown]) after what every card has
 */
export async function publish({ folder, ...what }) {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  try {
    await cp(folder, part, { recursive: true }); // it also holds what is no part of the model
    await renew(part, what);
    await replaceFolder(folder, part);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function renew(folder, { run, heldOut, draws, samples, scale, measureMore, card }) {
  const checkpoint = parseCheckpoint(await readFile(join(run, 'best.safetensors')));
  await exportInto(folder, checkpoint);
  const glow = await loadGlow(folder);
  try {
    const { images, labels } = await heldOut(checkpoint);
    const facts = {
      ...(await measure(glow, images, labels, draws)),
      ...factsOf(glow, checkpoint),
      images,
      labels,
      draws,
      samples,
    };
    await drawPictures(folder, glow, images, labels, samples, scale);
    await measureMore?.(glow, folder, images, facts.scores, labels);
    await writeFileAtomic(join(folder, 'curve.svg'), await curve(run));
    const path = join(folder, 'README.md');
    const [frontMatter = ''] = /^---\n.*?\n---\n\n?/s.exec(await readFile(path, 'utf8')) ?? [];
    await writeFileAtomic(path, frontMatter + render(facts, card(facts)));
    const { bitsPerDim, wrong, lost, megabytes } = facts;
    console.log(
      `${bitsPerDim.toFixed(3)} bits/dim held out, ${wrong} pixel values differ, ${lost} images lost, ${megabytes} MB`,
    );
  } finally {
    await glow.dispose();
  }
}

async function exportInto(folder, checkpoint) {
  const exported = join(folder, 'exported');
  await exportModel(checkpoint, { out: exported, license: 'MIT' });
  await rm(join(folder, 'onnx'), { recursive: true, force: true });
  await cp(exported, folder, { recursive: true });
  await rm(exported, { recursive: true });
}

async function replaceFolder(folder, by) {
  const old = `${folder}.old`;
  await rename(folder, old);
  try {
    await rename(by, folder);
  } catch (error) {
    await rename(old, folder);
    throw error;
  }
  await rm(old, { recursive: true });
}

/** Mean bits/dim; how many pixel values encoding and decoding change, and how many images do not come back. */
async function measure(glow, images, label, draws) {
  const scores = await glow.bitsPerDim(images, { draws, seed: 1, label });
  const decoded = await glow.reconstruct(images, { label }).catch((error) => {
    if (error instanceof BatchError) return error.results;
    throw error;
  });
  let wrong = 0;
  for (const [i, image] of images.entries()) {
    if (!decoded[i]) continue;
    const [expected, got] = [binsOf(image, glow.config), binsOf(decoded[i], glow.config)];
    wrong += expected.reduce((count, bin, k) => count + (bin === got[k] ? 0 : 1), 0);
  }
  const lost = images.filter((_, i) => !decoded[i]).length;
  return { scores, bitsPerDim: scores.reduce((sum, score) => sum + score, 0) / scores.length, wrong, lost };
}

function factsOf({ config, manifest: { training, measured, files } }, { progress }) {
  const bytes = files
    .filter(({ path }) => path.startsWith('onnx/'))
    .reduce((sum, file) => sum + file.bytes, 0);
  return { config, training, measured, settings: progress.settings, megabytes: (bytes / 1e6).toFixed(1) };
}

async function drawPictures(folder, glow, images, labels, { count, temperature }, scale) {
  const shown = images.slice(0, 12);
  const { classes } = glow.config;
  const label = labels && Array.from({ length: count }, (_, i) => Math.floor((i * classes) / count));
  const asSeen = shown.map((image) => ({
    ...image,
    data: binsOf(image, glow.config).map((bin) => binToPixel(bin, glow.config.bits)),
  }));
  const ways = [];
  for (const [a, b] of pairs(labels))
    ways.push(...(await glow.interpolate(images[a], images[b], { steps: 12, label: labels?.[a] })));
  const pictures = {
    samples: await glow.sample({ count, temperature, seed: 7, label }),
    reconstructions: [...asSeen, ...(await glow.reconstruct(shown, { label: labels?.slice(0, 12) }))],
    interpolation: ways,
  };
  for (const [name, tiles] of Object.entries(pictures)) {
    await writePng(join(folder, `${name}.png`), imageGrid(tiles, { columns: 12, scale, gap: scale }));
  }
}

/** The places of four pairs to interpolate: with labels, the first two images of each of at most four classes. */
function pairs(labels) {
  if (!labels) return [0, 2, 4, 6].map((first) => [first, first + 1]);
  const ofClass = (label) => [...labels.keys()].filter((i) => labels[i] === label).slice(0, 2);
  return [...new Set(labels)]
    .sort((a, b) => a - b)
    .map(ofClass)
    .filter((pair) => pair.length === 2)
    .slice(0, 4);
}

function binsOf({ data }, { bits }) {
  return data.map((pixel) => pixelToBin(pixel, bits));
}

async function curve(run) {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const points = (key) => lines.flatMap(({ step, [key]: y }) => (y === undefined ? [] : [{ x: step, y }]));
  const series = [
    { name: 'training', points: points('bitsPerDim'), colour: '#2a78d6' },
    { name: 'held out, averaged weights', points: points('validationBitsPerDim'), colour: '#d9541e' },
  ];
  return chart(series, 'Bits/dim by step');
}

function render(facts, { title, intro, heldOutName, rows, sections }) {
  const { config, training, settings, measured, bitsPerDim, wrong, lost } = facts;
  const { images, labels, draws, samples, megabytes } = facts;
  const largest = Math.max(...facts.scores);
  const [{ data }] = images;
  const gone = lost > 0 ? `; decoding ${lost} of ${thousands(images.length)} gives no finite numbers` : '';
  return `# ${title}

${intro}

![Samples](samples.png)

*${samples.count} samples at temperature ${samples.temperature}, seed 7, none left out; enlarged without smoothing.*

| | |
|---|---|
${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}
| model | L = ${config.levels}, K = ${config.steps}, hidden ${config.hiddenChannels}, 1×1 \`${config.conv1x1}\`, coupling \`${config.coupling}\`, prior \`${config.prior}\`, ${megabytes} MB; [config.json](config.json) |
| trained on | ${thousands(training.images)} images, ${thousands(training.steps)} steps of ${settings.batch}, ${training.epochs} whole ${training.epochs === 1 ? 'pass' : 'passes'}, in ${Math.round(training.seconds / 60)} minutes (${training.engine}) |
| ${heldOutName} | **${bitsPerDim.toFixed(2)} bits/dim** (uniform bound${labels ? ', each image given its label' : ''}, mean of ${thousands(images.length)}, ${draws} dequantisation draws each; the largest is ${largest.toFixed(1)}) |
| round trip | ${thousands(wrong)} of ${thousands(images.length * data.length)} pixel values of the ${heldOutName} differ after encode and decode${gone} |

## Reconstructions

![Reconstructions](reconstructions.png)

*Above: ${heldOutName} as the model sees them. Below: the same images after encode and decode.*

## Interpolations

![Interpolations](interpolation.png)

*Straight lines between the latents of two ${heldOutName}, the ends included.*

## Training

![Bits/dim over training](curve.svg)

## Exactness

ONNX Runtime (CPU, float32) against a float64 computation, measured at export:

| | measured | at most |
|---|---|---|
${measured.map(({ claim, value, tolerance }) => `| ${claim} | ${value} | ${tolerance} |`).join('\n')}

${sections.map(([heading, text]) => `## ${heading}\n\n${text}`).join('\n\n')}
`;
}

export function thousands(value) {
  return value.toLocaleString('en-US');
}

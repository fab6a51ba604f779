// From a training run to this model folder: graphs, pictures and card.
//   node models/photos/publish.mjs runs/photos runs/patches    the run, and what generate.mjs wrote
// It needs cjxl (Debian: libjxl-tools).

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageGrid, writePng } from '@glow-onnx/runtime/node';
import { openDataset } from '@glow-onnx/trainer';
import { publish, thousands } from '../publish.mjs';
import { cjxlVersion, codecBits, codecNames, overGroups } from './codecs.mjs';
import { restored } from './restored.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const [run, patches] = process.argv.slice(2);
if (!run || !patches)
  throw new Error('publish: expected the folder of a training run, and that of the patches');

const draws = 4;
const held = await openDataset(join(patches, 'held-out.json'));
const { values: photographs, indices } = held.labels.photograph;
const crops = await readdir(join(patches, 'crops'));
const { photos, sources } = JSON.parse(await readFile(join(folder, 'photos.json'), 'utf8'));
const found = {};

const expect = `The model has learned what small pieces of photographs have in common: smooth areas, edges, textures, how colours go together. It knows nothing of things, so its samples are coloured textures and no scenes. It scores and restores; it does not invent.

Patches are of a few dozen photographs, many of them of nature. Traces of JPEG, noise of a night camera, text and drawings are not among them, and a photograph that was not reduced first is less like the patches than one that was. The 1,000 patches that chose the best state are of the training photographs and overlap with patches of training: they need 2.30 bits/dim, and the histogram of \`score\` and \`typical\` is theirs. Seven of the nine photographs held out whole need more than that on the mean, so the percentiles of other photographs lie high.

Couplings and priors are bounded: of 100,000 hostile images the latents and log p of all are finite. Float32 is not exact, though: in noise, checkers and stripes of pure colours, thousands of values differ after encode and decode ([measured](../../docs/decisions/0041-bounds-in-the-model.md#measured-with-hostile-images)).`;

const madeBy = `\`\`\`sh
apt-get install libjxl-tools
git clone https://github.com/BuddiesOfBudgie/budgie-backgrounds runs/budgie
git -C runs/budgie checkout 8206742
for package in lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 mate-backgrounds plasma-workspace-wallpapers; do
  apt-get download $package && dpkg-deb -x $package*.deb runs/debian
done
node models/photos/generate.mjs --from runs/budgie --from runs/debian --out runs/patches
npx glow-onnx train --data runs/patches/photos.json --out runs/photos --preset bounded --levels 3 --steps 16 --hidden 96 --batch 16 --lr 1e-3 --schedule cosine --flip --val-fraction 0.005 --epochs 3 --ema 0.999 --threads 1 --time-budget 155
node models/photos/publish.mjs runs/photos runs/patches
\`\`\`

Training ran on one thread, in pieces of one budget: Ctrl-C saves, and \`--resume\` goes on. Debian's gnome-backgrounds (43.1) and ukui-wallpapers (20.04.3) were looked through, too: they have drawings and no photographs.`;

await publish({
  folder,
  run,
  heldOut: async () => ({ images: await held.images(Uint32Array.from({ length: held.count }, (_, i) => i)) }),
  draws,
  samples: { count: 96, temperature: 0.8 },
  scale: 3,
  measureMore: async (glow, part, images, bits) => {
    found.patches = await beside(images, bits, [...indices]);
    const large = await glow.prepare(
      crops.map((name) => join(patches, 'crops', name)),
      { fit: 'none' },
    );
    found.crops = await beside(
      large,
      await glow.bitsPerDim(large, { draws, seed: 1, fit: 'none' }),
      crops.map(([photo]) => photo),
    );
    found.importance = await glow.bitsPerDim(images, { draws, bound: 'importance', seed: 1 });
    const ofEach = large.filter((_, i) => crops[i].endsWith('-0.png'));
    found.restored = await restored(glow, ofEach);
    for (const [name, results] of Object.entries(found.restored)) {
      const grid = imageGrid(
        results.flatMap(({ pictures }) => pictures),
        { columns: 4, gap: 4 },
      );
      await writePng(join(part, `${name.split(' ').at(-1)}.png`), grid);
    }
  },
  card: (facts) => ({
    title: 'photos',
    intro: `A Glow of photographs, in patches of 32×32 pixels, all ${facts.config.bits} bits (${facts.megabytes} MB). A flow takes any height and width that ${2 ** facts.config.levels} divides, so it scores and restores photographs of other sizes too. This project's own trainer trained it.`,
    heldOutName: 'held-out patches',
    rows: [
      ['data', dataRow(facts)],
      ['licence', 'graphs and weights MIT; photographs as credited below'],
    ],
    sections: [
      ['Beside lossless codecs', codecSection(facts)],
      ['Restoring photographs', restoredSection()],
      ['What to expect', expect],
      ['Made by', madeBy],
      ['Credits', credits()],
    ],
  }),
});

/** Bits/dim of the model and of each codec for each photograph. */
async function beside(images, bits, groups) {
  const rows = await codecBits(images);
  const columns = {
    'this model': bits,
    ...Object.fromEntries(codecNames.map((name) => [name, rows.map((row) => row[name])])),
  };
  const less = bits.map((value, i) => value - rows[i]['JPEG XL, no header']);
  return {
    count: images.length,
    columns: Object.entries(columns).map(([name, values]) => [name, overGroups(values, groups)]),
    less: overGroups(less, groups),
  };
}

function dataRow({ training }) {
  const [seen, unseen] = [false, true].map(
    (heldOut) => photos.filter((photo) => photo.heldOut === heldOut).length,
  );
  return `200,000 patches of ${seen} photographs (${thousands(training.trainingImages)} to train, ${thousands(training.validationImages)} to choose the best state), each photograph reduced by 2, 3 or 4; held out whole: ${unseen} photographs, 500 patches of each; [photos.json](photos.json), [generate.mjs](generate.mjs)`;
}

function codecSection({ config }) {
  const pixels = `${config.height}×${config.width}`;
  const table = [
    `| bits/dim | ${thousands(found.patches.count)} patches of ${pixels} | ${found.crops.count} crops of 128×128 |`,
    '|---|--:|--:|',
    ...found.patches.columns.map(([name, { mean, half }], i) => {
      const other = found.crops.columns[i][1];
      return `| ${name} | ${mean.toFixed(3)} ± ${half.toFixed(3)} | ${other.mean.toFixed(3)} ± ${other.half.toFixed(3)} |`;
    }),
    `| **this model less JPEG XL, no header** | **${signed(found.patches.less)}** | **${signed(found.crops.less)}** |`,
  ].join('\n');
  const byPhoto = [
    '| photograph | this model | JPEG XL, no header |',
    '|---|--:|--:|',
    ...photographs.map((name, i) => {
      const [own, jxl] = ['this model', 'JPEG XL, no header'].map((column) =>
        found.patches.columns.find(([title]) => title === column)[1].means[i].toFixed(3),
      );
      return `| ${name} | ${own} | ${jxl} |`;
    }),
  ].join('\n');
  const importance = found.importance.reduce((sum, value) => sum + value, 0) / found.importance.length;
  return `${table}

Photographs held out, the same for all. Means over ${photographs.length} photographs, each with equal weight, and 95 % intervals (Student's t over photographs). The model's figure is the uniform bound, ${draws} draws; with the importance-weighted bound of the same draws the patches take ${importance.toFixed(3)}. A bound is what an ideal coder would reach: no coder is part of this project. JPEG XL is \`cjxl -d 0 -e 9\` (${cjxlVersion()}). "No header" takes off the bytes of a black image of the same size, which favours JPEG XL. PNG and lossless WebP are sharp's at highest effort.

Patches, photograph by photograph:

${byPhoto}`;
}

function signed({ mean, half }) {
  return `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(3)} ± ${half.toFixed(3)}`;
}

function restoredSection() {
  const rows = Object.entries(found.restored).map(([name, results]) => {
    const mean = (key) => results.reduce((sum, row) => sum + row[key], 0) / results.length;
    const better = results.filter(({ model, harmonic }) => model > harmonic).length;
    return `| ${name} | ${mean('harmonic').toFixed(1)} | ${mean('model').toFixed(1)} | ${better} of ${results.length} |`;
  });
  const pictures = Object.keys(found.restored).map((name) => `![${name}](${name.split(' ').at(-1)}.png)`);
  return `One 128×128 crop of each held-out photograph, by [restored.mjs](restored.mjs). PSNR inside the hole, dB:

| | harmonic fill | this model | model is better |
|---|--:|--:|--:|
${rows.join('\n')}

${pictures.join('\n\n')}

*From left to right: what is known, harmonic fill, this model, the photograph.*`;
}

function credits() {
  const of = (source) => photos.filter((photo) => photo.source === source);
  return Object.entries(sources)
    .map(([source, place]) => {
      const list = of(source).map(({ file, author, licence }) => `${file} (${author}, ${licence})`);
      return `**${place}**: ${list.join('; ')}.`;
    })
    .join('\n\n');
}

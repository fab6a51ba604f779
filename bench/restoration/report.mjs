// What restoration.mjs found, as tables between two marks of a document, and grids beside it.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { imageGrid, writePng } from '@glow-onnx/runtime/node';
import { table } from '../../models/tables.mjs';
import { cases } from './cases.mjs';
import { peers } from './peer.mjs';

const marks = ['<!-- written by npm run eval:restoration -->', '<!-- until here -->'];

/** As Markdown. `figure`, given a task, is what stands below its table. */
export function tables(lines, figure = () => []) {
  const byCase = groupById(lines);
  const rows = (task, row) =>
    cases.flatMap((one) => {
      const own = byCase.get(one.id);
      return one.task === task && own
        ? [[`${one.set}, ${one.label}`, `${own.length}`, ...row(own, one)]]
        : [];
    });
  const part = (task, title, header, row) => {
    const found = rows(task, row);
    return found.length === 0
      ? []
      : [title, table('lr', ['', 'pictures', ...header], found), ...figure(task)];
  };
  const model = ['log p less the true one’s', 'typical', 'seconds'];
  return [
    ...part(
      'inpaint',
      'Holes. PSNR in the hole, dB:',
      ['mean', 'harmonic', 'restored', 'gain', 'less than harmonic', 'smooth fill kept', ...model],
      (own) => [
        ...['mean', 'harmonic', 'restored'].map((name) => decibels(own, name)),
        withError(own.map(({ psnr }) => psnr.restored - psnr.harmonic)),
        share(own, ({ psnr }) => psnr.restored < psnr.harmonic),
        share(own, ({ method }) => method === 'start'),
        ...ofModel(own),
      ],
    ),
    ...part(
      'denoise',
      'Noise. PSNR of the picture, dB:',
      ['noisy', ...peers, 'restored', ...model],
      (own) => [...['noisy', ...peers, 'restored'].map((name) => decibels(own, name)), ...ofModel(own)],
    ),
    ...part(
      'enlarge',
      'Twice the size. PSNR of the picture, dB:',
      ['blocks', 'bicubic', 'restored', ...model],
      (own) => [...['blocks', 'bicubic', 'restored'].map((name) => decibels(own, name)), ...ofModel(own)],
    ),
    ...part(
      'samples',
      'Samples of the hole in the centre. PSNR in the hole, dB. The range of the draws of a picture should hold the true value of a pixel as often as one more draw:',
      [
        'draws',
        'harmonic',
        'sample',
        'mean of the draws',
        'should hold',
        'holds',
        'deviation of a value',
        ...model,
      ],
      (own) => {
        const [{ draws }] = own;
        return [
          draws,
          ...['harmonic', 'sample', 'mean'].map((name) => decibels(own, name)),
          percent((draws - 1) / (draws + 1)),
          percent(average(own, ({ coverage }) => coverage)),
          average(own, ({ deviation }) => deviation).toFixed(3),
          ...ofModel(own),
        ];
      },
    ),
  ].join('\n\n');
}

function groupById(lines) {
  const groups = new Map();
  for (const line of lines) groups.set(line.id, [...(groups.get(line.id) ?? []), line]);
  return groups;
}

function ofModel(own) {
  return [
    median(own.map(({ logProb, trueLogProb }) => logProb - trueLogProb))
      .toFixed(0)
      .replace('-', '−'),
    percent(average(own, ({ typical }) => typical)),
    average(own, ({ seconds }) => seconds).toFixed(2),
  ];
}

/**
 * What a document says before the marks and after them; of one that does not exist, a title and nothing.
 * @throws Error if it lacks the marks.
 */
export function readAround(path) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : `# Restoration\n\n${marks.join('\n')}\n`;
  const [before, after] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
  if (before < 0 || after < before) {
    throw new Error(`restoration: ${path} lacks the lines ${marks.join(' and ')}`);
  }
  return { before: text.slice(0, before), after: text.slice(after + marks[1].length) };
}

/** Replaces what stands between the marks of the document; the grids lie in images/ beside it. */
export async function writeReport(path, lines) {
  const folder = join(dirname(path), 'images');
  mkdirSync(folder, { recursive: true });
  const figures = {};
  for (const { id, task, set, label } of cases) {
    const rows = lines.filter((line) => line.id === id && line.images).sort((a, b) => a.picture - b.picture);
    if (rows.length === 0) continue;
    const name = `restoration-${id.replace('/', '-')}.png`;
    await writePng(join(folder, name), gridOf(rows));
    const kinds = Object.keys(rows[0].images).join(', ');
    const picture = `![${set}, ${label}; row by row: ${kinds}](images/${name})`;
    figures[task] = [...(figures[task] ?? []), picture];
  }
  const figure = (task) => figures[task] ?? [];
  const written = [marks[0], tables(lines, figure), marks[1]].join('\n\n');
  const part = join(dirname(path), `.${basename(path)}.part`);
  const { before, after } = readAround(path);
  writeFileSync(part, before + written + after);
  renameSync(part, path);
}

/** One column for each picture. */
function gridOf(rows) {
  const kinds = Object.keys(rows[0].images);
  const images = kinds.flatMap((kind) =>
    rows.map(({ images: own }) => ({
      ...own[kind],
      data: new Uint8Array(Buffer.from(own[kind].data, 'base64')),
    })),
  );
  const scale = Math.round(64 / images[0].width);
  return imageGrid(images, { columns: rows.length, scale, gap: 4 });
}

const decibels = (own, name) => {
  const measured = own.flatMap(({ psnr }) => psnr[name] ?? []);
  return measured.length > 0 ? average(measured, (value) => value).toFixed(1) : '';
};
const share = (own, is) => percent(average(own, (line) => Number(is(line))));
const percent = (value) => `${Math.round(100 * value)} %`;
const average = (list, of) => list.reduce((sum, one) => sum + of(one), 0) / list.length;
/** The mean of numbers, with its standard error. */
function withError(numbers) {
  const mean = average(numbers, (one) => one);
  const variance = average(numbers, (one) => (one - mean) ** 2);
  return `${mean.toFixed(1)} ± ${Math.sqrt(variance / Math.max(1, numbers.length - 1)).toFixed(1)}`;
}
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

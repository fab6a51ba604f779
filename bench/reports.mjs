// Texts and tables of docs/performance.md, each from the raw results of one benchmark.
import { table } from '../models/tables.mjs';
import { operatorTable } from './operator-times.mjs';
import { figures } from './written-part.mjs';

/** Of graph.mjs. */
export function graphReport({ machine, threads, rows }) {
  return [
    `${machine}; ${threads === 1 ? 'processor time of one thread' : `${threads} threads, wall clock`}. Ratios are medians over rounds in which the graphs take turns; below 1, the exported graph is faster.`,
    table(
      'llr',
      ['model', 'pass', 'batch', 'images/s', 'time / unfolded', 'time / convolutions', 'rounds'],
      rows.map((row) => [
        ...[row.model, row.direction, row.batch, figures(row.speeds[0])],
        ...[row.overUnfolded.toFixed(2), row.overConvolutions.toFixed(2), row.rounds],
      ]),
    ),
  ].join('\n\n');
}

/** Of inference.mjs. */
export function inferenceReport({ machine, model, loads, memory, speeds, overheads }) {
  const [before, after, weights] = memory;
  return [
    `${machine}; ${model}.`,
    table(
      'lr',
      ['load', 'loadGlow, ms', 'first encode and decode, ms'],
      loads.map(({ what, load, first }) => [what, figures(load), figures(first)]),
    ),
    `Memory of the process: ${before} MB before, ${after} MB after these ten loads; the weights are ${weights.toFixed(1)} MB.`,
    table(
      'r',
      ['images', 'encode, images/s', 'decode, images/s'],
      speeds.map(({ count, encode, decode }) => [count, figures(encode), figures(decode)]),
    ),
    'Beyond a bare `session.run` on tensors that are ready and the conversion of pixels, in turns:',
    table(
      'lr',
      ['call', 'batch', 'bare run, ms', 'pixels, ms', 'beyond, ms', 'of the run'],
      overheads.map(({ pass, batch, bare, pixels, beyond }) => [
        ...[pass, batch, figures(bare), figures(pixels), figures(beyond)],
        `${((100 * beyond) / bare).toFixed(1)} %`,
      ]),
    ),
  ].join('\n\n');
}

/** Of training.mjs: medians, peaks, and the ratios of the first column over each other, turn by turn. */
export function trainingReport({ machine, rounds, rows }) {
  const shown = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const [first, ...others] = shown;
  const paired = rounds > 1 ? others : [];
  const cell = (found) => {
    if (!Array.isArray(found)) return found ?? '–';
    const speeds = found.map(({ imagesPerSecond }) => imagesPerSecond).sort((a, b) => a - b);
    const peak = Math.max(...found.map(({ megabytes }) => megabytes));
    const turns = found.length < rounds ? `; ${found.length} of ${rounds} turns` : '';
    return `${figures(speeds[Math.floor(speeds.length / 2)])} (${Math.round(peak)}${turns})`;
  };
  const ratios = (cells, other) => {
    const [mine, theirs] = [first, other].map((name) => (Array.isArray(cells[name]) ? cells[name] : []));
    const both = mine.slice(0, theirs.length); // a column that fails in a turn has no later ones
    const found = both.map((one, i) => (one.imagesPerSecond / theirs[i].imagesPerSecond).toFixed(2));
    return found.join(', ') || '–';
  };
  return [
    `${machine}; preset tutorial, L=3, optimiser included; images/s (peak MB of the process)${rounds > 1 ? `, medians of ${rounds} turns` : ''}.`,
    table(
      'lr',
      ['', 'batch', ...shown, ...paired.map((other) => `${first} over ${other}`)],
      rows.map(({ name, batch, cells }) => [
        ...[name, batch, ...shown.map((column) => cell(cells[column]))],
        ...paired.map((other) => ratios(cells, other)),
      ]),
    ),
  ].join('\n\n');
}

/** Of training.mjs --until: the median turn of each column. */
export function untilReport({ machine, until, rows }) {
  const shown = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const cell = (found) => {
    if (!Array.isArray(found)) return found ?? '–';
    const { seconds, steps } = found.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(found.length / 2)];
    return `${figures(seconds)} (${steps})`;
  };
  return [
    `${machine}; seconds (and steps) until the mean bits/dim of the last 20 steps is ${until} or less, from one checkpoint, with drawn faces.`,
    table(
      `lr${'r'.repeat(shown.length)}`,
      ['', 'batch', ...shown],
      rows.map(({ name, batch, cells }) => [name, batch, ...shown.map((column) => cell(cells[column]))]),
    ),
  ].join('\n\n');
}

/** Of peers/pytorch.py. */
export function pytorchReport({ machine, torch, model, golden, columns, rows }) {
  const others = columns.filter((name) => name !== 'ours');
  return [
    `${machine}, torch ${torch}; ${model}; PyTorch differs from golden.safetensors by ${golden.toExponential(0)}. Images/s, in turns.`,
    table(
      'lr',
      ['', 'batch', ...columns, 'ours over the faster'],
      rows.map(({ what, batch, ...row }) => [
        ...[what, batch, ...columns.map((name) => figures(row[name]))],
        (row.ours / Math.max(...others.map((name) => row[name]))).toFixed(2),
      ]),
    ),
  ].join('\n\n');
}

/** Of export.mjs. */
export function exportReport({ machine, model, seconds, processorSeconds, gigabytes, limits }) {
  return [
    `${machine}; ${model}, \`glow-onnx export\` with its checks and its diagnosis of steps.`,
    table(
      'lr',
      ['', 'measured', 'at most'],
      [
        ['seconds', seconds.toFixed(1), limits.seconds],
        ['seconds of processor', processorSeconds.toFixed(1), ''],
        ['GB of memory at the peak', gigabytes.toFixed(2), limits.gigabytes],
      ],
    ),
  ].join('\n\n');
}

/** Of precision.mjs. */
export function precisionReport({ machine, batch, images, models }) {
  const ratio = (value) => (value === undefined ? '–' : `${value.toFixed(2)} ×`);
  const tables = models.flatMap(({ name, rows }) => [
    `${name}:`,
    table(
      'lr',
      [
        ...[
          'precision',
          'both graphs and weights',
          'largest error of decode(encode(x))',
          'values changed',
          'bits/dim',
        ],
        ...['encode, cpu', 'decode, cpu', 'encode, wasm', 'decode, wasm'],
      ],
      rows.map((row) => [
        row.precision,
        `${(row.bytes / 1e6).toFixed(2)} MB (${Math.round((100 * row.bytes) / rows[0].bytes)} %)`,
        ...[row.error.toExponential(1), row.changed, row.bits.toFixed(4)],
        ...['cpu encode', 'cpu decode', 'wasm encode', 'wasm decode'].map((column) => ratio(row[column])),
      ]),
    ),
  ]);
  return [
    `${machine}; batches of ${batch} of ${images} held-out faces of 16×16 pixels, resized to what each model sees, at the centres of the bins. Speeds are those of fp32 times this number, in turns, processor time of one thread.`,
    ...tables,
  ].join('\n\n');
}

/** Of memory.mjs. */
export function memoryReport({ machine, model, weights, opening, hash, picture, floor, encoding }) {
  const bare = (what) => opening.find((row) => row.what === `bare ${what}`);
  const share = (row) => (bare(row.what) ? (row.seconds / bare(row.what).seconds).toFixed(2) : '');
  return [
    `${machine}. Opening ${model} (${(weights / 1e6).toFixed(0)} MB of weights), one direction or both, by ONNX Runtime from its path and by \`loadGlow\`, which compares hashes; each graph then runs once. The sha256 of the weights alone takes ${figures(hash)} s:`,
    table(
      'lr',
      ['', 'seconds', 'over bare', 'memory over the weights'],
      opening.map((row) => [row.what, figures(row.seconds), share(row), (row.bytes / weights).toFixed(2)]),
    ),
    `Encoding one image with ${picture}. Two hidden images, one of the flow and the input take ${floor} bytes for each pixel: less is not possible without cutting the image into strips.`,
    table(
      'lr',
      ['', 'side', 'seconds', 'bytes for each pixel'],
      encoding.map(({ what, side, seconds, bytes }) => [
        what,
        side,
        figures(seconds),
        Math.round(bytes / side ** 2),
      ]),
    ),
  ].join('\n\n');
}

/** Of training-profile.mjs. */
export function trainingProfileReport({ machine, model, parameters, columns }) {
  const head = `${machine}; ${model}, ${parameters.toLocaleString('en')} parameters. By ONNX Runtime's profile, of each node the shortest of five runs; the update of the parameters is not in it.`;
  return [head, operatorTable(columns)].join('\n\n');
}

/** Of inference-profile.mjs. */
export function inferenceProfileReport({ machine, model, batch, columns }) {
  const head = `${machine}; ${model}, batch ${batch}, one thread. By ONNX Runtime's profile, of each node the shortest of twenty runs.`;
  return [head, operatorTable(columns)].join('\n\n');
}

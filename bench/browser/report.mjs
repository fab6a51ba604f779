// The part of docs/performance.md that browser.mjs writes.
import { table } from '../../models/tables.mjs';
import { figures } from '../written-part.mjs';

export function reportOf({ machine, version, gpu, sdk, overhead, beside }) {
  const card = gpu && !gpu.software ? gpu.name : 'no GPU, so WebGPU and WebGL are left out';
  return [
    `${machine}, Chromium ${version}; ${card}.`,
    'The SDK: loading with an empty cache (wasm compiled, hashes compared, self-test) and with a full one, the first calls, and the medians of calls after that. ms; memory is the peak of the page’s process over an empty page, MB.',
    table(
      'llr',
      [
        '',
        'where',
        'load',
        'cached',
        'first encode',
        'first decode',
        'encode 1',
        'decode 1',
        'encode 16',
        'decode 16',
        'memory',
      ],
      sdk.map(sdkRow),
    ),
    'Beyond a bare `session.run` of onnxruntime-web on tensors that are ready, in turns in one page, wasm:',
    table(
      'lrlr',
      ['', 'threads', 'call', 'batch', 'bare, ms', 'beyond, ms', 'share'],
      overhead.map(({ name, threads, pass, batch, bare, beyond }) => [
        ...[name, threads, pass, batch, figures(bare), figures(beyond)],
        `${((100 * beyond) / bare).toFixed(1)} %`,
      ]),
    ),
    'The same model in TensorFlow.js’ stock operations, in turns in one page, from and to arrays of the page:',
    table(
      'llrlr',
      [
        '',
        'TensorFlow.js',
        'threads',
        'call',
        'batch',
        'ours, ms',
        'TensorFlow.js, ms',
        'times as fast',
        'log p differs by',
      ],
      beside.map(besideRow),
    ),
  ].join('\n\n');
}

function sdkRow({
  name,
  device,
  threads,
  worker,
  load,
  cached,
  firstEncode,
  firstDecode,
  steady,
  megabytes,
}) {
  const where = `${device}${threads ? `, ${threads} thread${threads > 1 ? 's' : ''}` : ''}${worker ? ', worker' : ''}`;
  const at = (batch, pass) => figures(steady.find((line) => line.batch === batch)?.[pass]);
  return [
    ...[name, where, figures(load), figures(cached), figures(firstEncode), figures(firstDecode)],
    ...[at(1, 'encode'), at(1, 'decode'), at(16, 'encode'), at(16, 'decode')],
    Number.isFinite(megabytes) ? Math.round(megabytes) : '',
  ];
}

function besideRow({ name, backend, threads, failure, pass, batch, ours, tfjs, apart }) {
  if (failure) return [name, backend, threads, failure, '', '', '', '', ''];
  return [
    ...[name, backend, threads, pass, batch, figures(ours), figures(tfjs)],
    ...[(tfjs / ours).toFixed(1), apart.toExponential(0)],
  ];
}

// The text of docs/gpu.md that gpu.mjs writes.
import { table } from '../../models/tables.mjs';
import { figures } from '../written-part.mjs';

const short = [
  ['error of z', 'z'],
  ['error of log_prob', 'log p'],
  ['decode against', 'x'],
  ['decode(encode', 'round trip'],
];

/** The order of the rows. */
const passes = ['encode', 'decode', 'encode by the SDK', 'gradient', 'training step'];

export function reportOf({ machine, card, rehearse, cases, results }) {
  const where = card
    ? `${card.name} (${Math.round(card.megabytes / 1024)} GiB), driver ${card.driver}`
    : 'no NVIDIA card';
  const versions = [...new Set(results.flatMap(({ lines }) => lines.map(({ version }) => version)))].filter(
    Boolean,
  );
  const goldens = results.flatMap(({ lines }) => lines.flatMap(({ golden }) => golden ?? []));
  const apart =
    goldens.length > 0
      ? `, which differs from golden.safetensors by at most ${Math.max(...goldens).toExponential(0)}`
      : '';
  const torch = versions.length > 0 ? `; torch ${versions.join(', ')}${apart}` : '';
  return [
    `${machine}; ${where}${torch}.${rehearse ? ' **A rehearsal with small models: its speeds mean nothing.**' : ''}`,
    ...correctness(results.filter(({ kind }) => kind === 'variants')),
    ...speeds(
      cases,
      results.filter(({ kind }) => kind === 'speed'),
    ),
    ...failures(results),
  ].join('\n\n');
}

/** One row for each device, with the worst variant of each claim. */
function correctness(parts) {
  const rows = parts
    .filter(({ lines }) => lines.some(({ errors }) => errors))
    .map(({ column, lines }) => {
      const good = lines.filter(({ errors }) => errors);
      const within = good.filter(({ errors }) => errors.every(holds));
      const worst = short.map(([claim]) => {
        const values = good.flatMap(({ errors }) => errors.filter((one) => one.claim.includes(claim)));
        return small(Math.max(...values.map(({ value }) => value ?? Number.NaN)));
      });
      const gradient = small(Math.max(...good.map(({ gradient }) => gradient ?? Number.NaN)));
      return [column, lines.length, within.length, ...worst, gradient];
    });
  if (rows.length === 0) return [];
  const head = [
    '',
    'variants',
    'within tolerance',
    ...short.map(([, name]) => name),
    'gradient, against cpu',
  ];
  const outside = parts.flatMap(({ column, lines }) =>
    lines.flatMap(({ variant, error, errors = [] }) => {
      const missed = errors.filter((one) => !holds(one));
      const why =
        error ??
        missed.map(({ claim, value, tolerance }) => `${claim} ${value}, at most ${tolerance}`).join('; ');
      return why === '' ? [] : [`- ${column}, ${variant}: ${why}`];
    }),
  );
  return [
    'Every variant, exported and run on the device. Largest errors, against float64 unless it says otherwise:',
    table('lr', head, rows),
    ...(outside.length > 0 ? [['Outside their tolerance, or failed:', '', ...outside].join('\n')] : []),
  ];
}

function speeds(cases, parts) {
  return cases.flatMap(({ name }, model) => {
    const own = parts.filter((part) => part.model === model);
    const columns = [...new Set(own.filter(({ lines }) => lines.some(timed)).map(({ column }) => column))];
    if (columns.length === 0) return [];
    const keys = new Map(own.flatMap(({ lines }) => lines.filter(timed).map((line) => [keyOf(line), line])));
    const cell = (column, key) => {
      const found = own.filter((part) => part.column === column).flatMap(({ lines }) => lines);
      return figures(found.find((line) => timed(line) && keyOf(line) === key)?.imagesPerSecond);
    };
    const order = [...keys].sort(
      ([, a], [, b]) => passes.indexOf(a.what) - passes.indexOf(b.what) || a.batch - b.batch,
    );
    const rows = order.map(([key, { what, batch }]) => [
      what,
      batch,
      ...columns.map((column) => cell(column, key)),
    ]);
    const memory = columns.map((column) => {
      const used = own
        .filter((part) => part.column === column)
        .map(({ megabytes }) => megabytes ?? Number.NaN);
      return Number.isNaN(Math.max(...used)) ? '' : Math.max(...used);
    });
    if (memory.some((used) => used !== '')) rows.push(['most memory of the card, MB', '', ...memory]);
    return [`${name}, images/s:`, table('lr', ['', 'batch', ...columns], rows)];
  });
}

/** JSON has null for what is not a number, and null is not at most a tolerance. */
const holds = ({ value, tolerance }) => value !== null && value <= tolerance;
const timed = ({ imagesPerSecond }) => imagesPerSecond !== undefined;
const keyOf = ({ what, batch }) => `${what} ${batch}`;

function failures(results) {
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return [];
  return [
    [
      'Not measured, or not to the end:',
      '',
      ...failed.map(({ title, failure }) => `- ${title}: ${failure}`),
    ].join('\n'),
  ];
}

function small(number) {
  if (number === 0 || number === Number.NEGATIVE_INFINITY) return number === 0 ? '0' : '';
  return Number.isNaN(number)
    ? 'not a number'
    : number.toExponential(0).replace('e', '·10^').replace('+', '');
}

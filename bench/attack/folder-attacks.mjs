import { createHash } from 'node:crypto';
import { crc32 } from './crc32.mjs';

/** Attacks on a model folder, whose files are given by path. `pick` gives seeded numbers. */

const paths = [
  'onnx/encode.onnx',
  'onnx/decode.onnx',
  'onnx/weights.bin',
  'golden.safetensors',
  'config.json',
];

const manifestOf = (files) => JSON.parse(Buffer.from(files['manifest.json']).toString());
const withManifest = (files, text) => ({ ...files, 'manifest.json': new Uint8Array(Buffer.from(text)) });

/** The folder with a changed manifest that vouches for itself and for all files. */
function forge(files, manifest) {
  const { checksum, ...facts } = manifest;
  for (const entry of Array.isArray(facts.files) ? facts.files : []) {
    const bytes = files[entry?.path];
    if (!bytes) continue;
    entry.bytes = bytes.length;
    entry.sha256 = createHash('sha256').update(bytes).digest('hex');
  }
  const sealed =
    checksum === undefined ? facts : { ...facts, checksum: `crc32:${crc32(JSON.stringify(facts))}` };
  return withManifest(files, JSON.stringify(sealed, null, 2));
}

/** Every kind of attack: its name, its share of the cases, and a function of the folders and seeded numbers. */
export const attacks = [
  ['bits of the manifest', 9, ({ a }, pick) => flip(a, 'manifest.json', pick)],
  ['bits of other files', 3, ({ a }, pick) => flip(a, pick.of(paths), pick)],
  ['cut or longer files', 3, ({ a }, pick) => resize(a, pick.of(['manifest.json', ...paths]), pick)],
  ['exchanged files', 2, ({ a, b }, pick) => exchange(a, b, pick)],
  ['exchanged files, forged', 3, ({ a, b }, pick) => forge(exchange(a, b, pick), manifestOf(a))],
  ['edited fields', 3, ({ a }, pick) => withManifest(a, JSON.stringify(edit(manifestOf(a), pick)))],
  [
    'edited fields, forged',
    5,
    ({ a }, pick) => {
      const manifest = manifestOf(a);
      const { training, ...claims } = manifest; // a forger can write any history; the graphs do not hold it
      return forge(a, { ...edit(claims, pick), training });
    },
  ],
  ['extreme numbers', 1, ({ a }, pick) => withManifest(a, extremeNumber(text(a), pick))],
  ['long lists, forged', 1, ({ a }, pick) => forge(a, lengthen(manifestOf(a), pick))],
  ['deep and large JSON', 1, ({ a }, pick) => withManifest(a, swell(text(a), pick))],
];
const text = (files) => Buffer.from(files['manifest.json']).toString();

const rows = attacks.flatMap(([name, share]) => new Array(share).fill(name));
/** The kind of the case with this number. */
export const kindOf = (index) => rows[index % rows.length];

function flip(files, path, pick) {
  const bytes = Uint8Array.from(files[path]);
  for (let times = 1 + pick(3); times > 0; times--) bytes[pick(bytes.length)] ^= 1 << pick(8);
  return { ...files, [path]: bytes };
}

function resize(files, path, pick) {
  const bytes = files[path];
  const changes = [
    () => bytes.subarray(0, pick(bytes.length)),
    () => new Uint8Array([...bytes, ...new Array(1 + pick(100)).fill(pick(256))]),
    () => new Uint8Array(bytes.length).fill(pick(2) * 0x20),
    () => Uint8Array.from(bytes).copyWithin(pick(bytes.length), pick(bytes.length)),
  ];
  return { ...files, [path]: pick.of(changes)() };
}

/** One or two files of the other model or the other precision, or two files of this model exchanged. */
function exchange(a, b, pick) {
  const [one, two] = [pick.of(paths), pick.of(paths)];
  const small = (path) => path.replace(/(\.onnx|\.bin)$/, '_int8w$1');
  const ways = [
    () => ({ ...a, [one]: b[one] }),
    () => ({ ...a, [one]: b[one], [two]: b[two] }),
    () => ({ ...a, [one]: a[two], [two]: a[one] }),
    () => ({ ...a, [one]: a[small(one)] ?? a[one] }),
    () => ({
      ...a,
      'onnx/encode.onnx': a['onnx/encode_int8w.onnx'],
      'onnx/decode.onnx': a['onnx/decode_int8w.onnx'],
      'onnx/weights.bin': a['onnx/weights_int8w.bin'],
    }),
  ];
  return pick.of(ways)();
}

const odd = [
  0,
  1,
  -1,
  2,
  7,
  0.5,
  1e-300,
  1e300,
  2 ** 53,
  '',
  'x',
  'z9',
  '../x',
  'x'.repeat(1e5),
  null,
  true,
  false,
  [],
  {},
  [0],
  { __proto__: null, a: 1 },
];
const words = [
  'full',
  'sigmoid',
  'additive',
  'interleaved',
  'second',
  'ones',
  'border',
  'normal',
  'standard',
  'conv',
  'grey',
  'onnx/decode.onnx',
  'onnx/encode_int8w.onnx',
  'golden.safetensors',
];

/** Replaces, adds or removes one field at any depth. */
function edit(manifest, pick) {
  let place = manifest;
  for (;;) {
    const key = pick.of(Object.keys(place));
    const value = place[key];
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && pick(8) > 0) {
      place = value;
      continue;
    }
    const way = pick(10);
    if (way === 0) delete place[key];
    else if (way === 1 && !Array.isArray(place)) place[`${key}s`] = value;
    else if (way < 4 && typeof value === 'number') place[key] = value + pick.of([1, -1, 1e-3, value]);
    else if (way < 5 && typeof value === 'boolean') place[key] = !value;
    else if (way < 7 && typeof value === 'string') place[key] = pick.of(words);
    else place[key] = pick.of(odd);
    return manifest;
  }
}

/** Makes one list long, and all its entries wrong. */
function lengthen(manifest, pick) {
  const field = pick.of(['files', 'measured', 'latents']);
  const short = odd.filter((value) => JSON.stringify(value).length < 100); // the text has to stay a text
  return { ...manifest, [field]: new Array(10 ** (1 + pick(5))).fill(pick.of(short)) };
}

function extremeNumber(json, pick) {
  const numbers = [...json.matchAll(/(?<=[:\s])-?\d+(\.\d+)?(e-?\d+)?(?=[,\n])/g)];
  const { index, 0: found } = pick.of(numbers);
  const value = pick.of([
    '1e999',
    '-1e999',
    '1e-999',
    '-0',
    '9007199254740993',
    '1'.repeat(400),
    '0.1e1',
    '1E0',
    '00',
    '0x10',
    'NaN',
    'Infinity',
    '1.',
    '.5',
    '+1',
    '1e',
  ]);
  return json.slice(0, index) + value + json.slice(index + found.length);
}

function swell(json, pick) {
  const depth = 10 ** (1 + pick(7));
  const size = 10 ** (1 + pick(7));
  const inserted = pick.of([
    () => '['.repeat(depth) + ']'.repeat(depth),
    () => `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`,
    () => '['.repeat(depth),
    () => `[${'0,'.repeat(0.8 * size)}0]`,
    () => `[${'{},'.repeat(0.5 * size)}{}]`,
    () => `"${'x'.repeat(size)}"`,
    () => `{${Array.from({ length: Math.min(size, 1e6) }, (_, i) => `"k${i}":0`).join()}}`,
    () => `{"a":0,"a":1}`,
    () => `${' '.repeat(size)}0`,
  ])();
  const field = pick.of([
    'files',
    'measured',
    'latents',
    'training',
    'variants',
    'config',
    'preprocessing',
    'license',
    'more',
  ]);
  const key = new RegExp(`"${field}": `);
  return key.test(json) && pick(2) === 0
    ? json.replace(key, () => `"${field}": ${inserted}, "old ${field}": `)
    : json.replace('{', () => `{"${field}": ${inserted}, `);
}

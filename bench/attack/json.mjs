/**
 * Attacks every reader of JSON with 30 hostile forms of a text that it accepts. A form that is accepted must give what the
 * intact text gives.
 *
 *     node bench/attack/json.mjs [--root DIR]
 *
 * `--root` attacks another built checkout.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCases, serveCases } from './run-cases.mjs';

const here = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    child: { type: 'boolean', default: false },
    root: { type: 'string', default: here },
    work: { type: 'string' },
  },
});
const root = resolve(values.root);
const load = (path) => import(join(root, 'packages', path));
const models = join(here, 'test/support/earlier');

/** Puts a text before the last bracket of an object. */
const added = (json, field) => json.replace(/\}\s*$/, `, ${field}}`);
const many = (count, item) => `${item},`.repeat(count - 1) + item;
const times = (count, item) => Array.from({ length: count }, (_, i) => item(i)).join();

/** The hostile forms, by name: a text of an object to text or bytes. */
const forms = {
  'cut in half': (json) => json.slice(0, json.length / 2),
  empty: () => '',
  null: () => 'null',
  list: () => '[]',
  number: () => '1e5',
  text: () => '"text"',
  'a million lists inside each other': () => '['.repeat(1e6) + ']'.repeat(1e6),
  'a million objects inside each other': () => `${'{"a":'.repeat(1e6)}0${'}'.repeat(1e6)}`,
  'a field of 100,000 lists inside each other': (json) =>
    added(json, `"x": ${'['.repeat(1e5)}${']'.repeat(1e5)}`),
  'ten million open brackets': () => '['.repeat(1e7),
  'a key twice': (json) => added(json, `${/"\w+"/.exec(json)[0]}: null`),
  'a key twice, in another spelling': (json) => {
    const [, first, rest] = /"(\w)(\w*)"/.exec(json);
    return added(json, `"\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}${rest}": null`);
  },
  __proto__: (json) => added(json, '"__proto__": {"classes": 7, "dtype": "U8", "format": "x", "step": 9}'),
  constructor: (json) => added(json, '"constructor": {"prototype": {"classes": 7}}'),
  'a field of 8 million numbers': (json) => added(json, `"files": [${many(8e6, '0')}]`),
  'a field of 4 million objects': (json) => added(json, `"measured": [${many(4e6, '{}')}]`),
  'a list of 8 million numbers': () => `[${many(8e6, '0')}]`,
  '2 million fields': (json) =>
    added(
      json,
      times(2e6, (i) => `"k${i}": 0`),
    ),
  '300,000 fields of objects': (json) =>
    added(
      json,
      times(3e5, (i) => `"k${i}": {"a": {}}`),
    ),
  'a text of 60 MB': (json) => added(json, `"x": "${'x'.repeat(6e7)}"`),
  'a key of 60 MB': (json) => added(json, `"${'x'.repeat(6e7)}": 0`),
  '60 MB of spaces': (json) => json.replace('{', `{${' '.repeat(6e7)}`),
  '20 million quotes': (json) => added(json, '"'.repeat(2e7)),
  'a comma too many': (json) => added(json, ''),
  comment: (json) => json.replace('{', '{/* */'),
  'NaN and Infinity': (json) => added(json, '"x": [NaN, Infinity]'),
  'a number of a million digits': (json) => added(json, `"x": ${'9'.repeat(1e6)}`),
  'half a character': (json) => added(json, '"x": "\\ud800"'),
  'bytes that are not UTF-8': (json) =>
    Buffer.concat([Buffer.from(added(json, '"x": "')).subarray(0, -1), Buffer.from([0xff, 0x22, 0x7d])]),
  'two documents': (json) => json + json,
  'zeros at the end': (json) => json + '\0'.repeat(8),
};

function safetensors(header, data = []) {
  const text = Buffer.from(header);
  const bytes = Buffer.alloc(8 + text.length + data.length);
  bytes.writeBigUInt64LE(BigInt(text.length));
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return new Uint8Array(bytes);
}

function parts(path) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  return { header: JSON.parse(bytes.subarray(8, start)), data: bytes.subarray(start) };
}

/** A checkpoint in which one text of the metadata is `json`. */
function checkpointWith(field) {
  const { header, data } = parts(join(models, 'checkpoint-1.safetensors'));
  const given = { progress: '{"step": 1}', training: '{"steps": 1}', ...header.__metadata__ };
  return (json) =>
    safetensors(JSON.stringify({ ...header, __metadata__: { ...given, [field]: `${json}` } }), data);
}

/** The readers: an intact text, and what the reader makes of one. */
const readers = {
  async manifest() {
    const { parseManifest } = await load('flow/dist/index.js');
    const text = readFileSync(join(models, 'model-1/manifest.json'), 'utf8');
    return {
      text,
      read: async (json) => parseManifest(typeof json === 'string' ? json : new TextDecoder().decode(json)),
    };
  },
  async 'folder from memory'() {
    const { loadGlow } = await load('runtime/dist/node.js');
    const { files } = JSON.parse(readFileSync(join(models, 'model-1/manifest.json'), 'utf8'));
    const folder = Object.fromEntries(
      files.map(({ path }) => [path, readFileSync(join(models, 'model-1', path))]),
    );
    const read = async (json) => {
      const model = await loadGlow(
        { ...folder, 'manifest.json': Buffer.from(json) },
        { device: 'cpu', cache: false },
      );
      await model.dispose();
      return model.manifest;
    };
    return { text: readFileSync(join(models, 'model-1/manifest.json'), 'utf8'), read };
  },
  async 'header of safetensors'() {
    const { parseSafetensors } = await load('flow/dist/safetensors.js');
    const text = '{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}';
    return { text, read: async (json) => parseSafetensors(safetensors(json, [1, 2])) };
  },
  'config of a checkpoint': () => checkpointField('config'),
  'progress of a checkpoint': () => checkpointField('progress'),
  'training of a checkpoint': () => checkpointField('training'),
  async 'metadata of latents'() {
    const { loadLatents } = await load('runtime/dist/node.js');
    const { parseManifest } = await load('flow/dist/index.js');
    const manifest = parseManifest(readFileSync(join(models, 'model-1/manifest.json'), 'utf8'));
    const { header, data } = parts(join(models, 'latents-1.safetensors'));
    // The names are a list: an object, however hostile, counts as no names.
    const read = async (json) => {
      const file = safetensors(
        JSON.stringify({ ...header, __metadata__: { ...header.__metadata__, images: `${json}` } }),
        data,
      );
      return loadLatents({ config: manifest.config, manifest, precision: 'fp32' }, file);
    };
    return { text: '{"names": 0}', read };
  },
  async 'sheet of images'() {
    const { openDataset } = await load('trainer/dist/data/open-dataset.js');
    const sharp = createRequire(join(root, 'packages/trainer/dist/index.js'))('sharp');
    await sharp({ create: { width: 4, height: 4, channels: 3, background: '#123456' } })
      .png()
      .toFile(join(values.work, 's.png'));
    const sheet = {
      format: 'glow-onnx-sheet',
      version: 1,
      name: 's',
      image: 's.png',
      tile: { width: 2, height: 2 },
      columns: 2,
      count: 4,
    };
    const read = async (json) => {
      writeFileSync(join(values.work, 's.json'), json);
      const { name, count, height, width, labels } = await openDataset(join(values.work, 's.json'));
      return { name, count, height, width, labels };
    };
    return { text: JSON.stringify(sheet), read };
  },
  async 'metrics of a run'() {
    const { readMetrics } = await load('trainer/dist/folder/metrics.js');
    const intact = '{"step": 1, "bitsPerDim": 3}';
    const read = async (json) => {
      writeFileSync(
        join(values.work, 'metrics.jsonl'),
        Buffer.concat([Buffer.from(json), Buffer.from(`\n${intact}\n`)]),
      );
      const lines = await readMetrics(values.work);
      return lines.map(({ step, bitsPerDim }) => ({ step, bitsPerDim })).at(-1);
    };
    return { text: intact, read };
  },
};

async function checkpointField(field) {
  const { parseCheckpoint } = await load('flow/dist/index.js');
  const build = checkpointWith(field);
  const text = { progress: '{"step": 1}', training: '{"steps": 1}' };
  const intact = text[field] ?? parts(join(models, 'checkpoint-1.safetensors')).header.__metadata__.config;
  return { text: intact, read: async (json) => parseCheckpoint(build(json)) };
}

const names = Object.keys(readers);
const formNames = Object.keys(forms);
const kindOf = (index) => names[Math.floor(index / formNames.length)];

/** A result without the fields that a form added: their meaning is not the reader's business. */
function hashOf(result, reader) {
  const open = reader === 'progress of a checkpoint' || reader === 'training of a checkpoint';
  const { progress, training, ...rest } = result;
  const known = open ? { ...rest, step: progress?.step, steps: training?.steps } : result;
  return createHash('sha256').update(JSON.stringify(known)).digest('hex');
}

if (values.child) {
  const open = new Map();
  serveCases(async (index) => {
    const name = kindOf(index);
    const form = formNames[index % formNames.length];
    const reader = open.get(name) ?? (await readers[name]());
    open.set(name, reader);
    const expected = hashOf(await reader.read(reader.text), name);
    const result = await reader.read(forms[form](reader.text)).catch((error) => {
      error.message = `${form}: ${error.message}`;
      throw error;
    });
    return { outcome: hashOf(result, name) === expected ? 'right' : 'other', detail: form };
  });
} else {
  if (!existsSync(join(root, 'packages/trainer/dist')))
    throw new Error(`${root} is not built; run npm run build`);
  const work = mkdtempSync(join(tmpdir(), 'glow-attack-'));
  try {
    process.exitCode = await runCases({
      script: fileURLToPath(import.meta.url),
      args: ['--work', work, '--root', root],
      count: names.length * formNames.length,
      kindOf,
    });
  } finally {
    rmSync(work, { recursive: true });
  }
}

// Seeded images, right and damaged, read with sharp and without it. Both have to agree:
//   node bench/attack/pictures.mjs [--count 3500] [--seed 1] [--seconds 60] [--packages <folder>] [--save <file>] [--list]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pictureCase } from './picture-cases.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '3500' },
    seed: { type: 'string', default: '1' },
    /** Stop after this time. */
    seconds: { type: 'string', default: 'Infinity' },
    /** The folder of the built packages under attack. */
    packages: { type: 'string', default: join(import.meta.dirname, '../../packages') },
    /** Write the images and what Node reads from them, for a comparison in a browser. */
    save: { type: 'string' },
    /** Print each case that fails. */
    list: { type: 'boolean', default: false },
  },
});

/** The largest difference of two decoders of one JPEG, in levels of 255. */
const jpegLevels = 0;
const limitMs = 20_000;
const limitBytes = 2 ** 30;

/** A process that reads images, one at a time. A new one starts when it has ended. */
function createReader(sharp) {
  let child;
  const start = async () => {
    const args = [resolve(values.packages), sharp];
    child = fork(join(import.meta.dirname, 'decode-pictures.mjs'), args, {
      serialization: 'advanced',
      stdio: 'ignore',
    });
    await once(child, 'message');
  };
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    child = undefined;
  };
  return {
    async read(bytes) {
      if (!child) await start();
      const result = await answerTo(child, bytes);
      const memory = !result.failed && peakBytes(child.pid) > limitBytes;
      if (result.failed || memory) await end();
      return memory ? { failed: 'memory' } : result;
    },
    close: async () => child && end(),
  };
}

/** What a process answers: { image } or { refused } or { failed }. */
async function answerTo(child, bytes) {
  const before = processorMs(child.pid);
  const controller = new AbortController();
  const { signal } = controller;
  const watch = setInterval(() => {
    if (processorMs(child.pid) - before > limitMs) controller.abort();
  }, 500);
  try {
    child.send(bytes);
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([code, ended]) => ({ failed: `crash (${ended ?? code})` })),
    ]);
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
    return { failed: 'hang' };
  } finally {
    clearInterval(watch);
    controller.abort();
  }
}

/** The processor time that a process has used: on a busy machine it tells more than the clock. */
function processorMs(pid) {
  const fields = procFile(pid, 'stat').split(') ').at(-1).split(' ');
  return fields.length > 12 ? 10 * (Number(fields[11]) + Number(fields[12])) : performance.now();
}

/** The most memory that a process has had; 0 where the system does not tell. */
function peakBytes(pid) {
  return 1024 * Number(/VmHWM:\s*(\d+)/.exec(procFile(pid, 'status'))?.[1] ?? 0);
}

/** What Linux tells of a process; nothing elsewhere. */
function procFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function rgbaOf({ data, width, height, channels }) {
  const rgba = new Uint8Array((data.length / channels) * 4);
  for (let i = 0; i < data.length / channels; i++) {
    const pixel = data.subarray(i * channels, (i + 1) * channels);
    const [red, green, blue] = channels < 3 ? [pixel[0], pixel[0], pixel[0]] : pixel;
    rgba.set([red, green, blue, channels % 2 === 0 ? pixel[channels - 1] : 255], 4 * i);
  }
  return { width, height, rgba };
}

/** Whether two readings of an image are the same, JPEGs within a few levels. */
function same(a, b, format) {
  if (a.width !== b.width || a.height !== b.height) return false;
  const tolerance = format === 'jpeg' ? jpegLevels : 0;
  return a.rgba.every((value, i) => Math.abs(value - b.rgba[i]) <= tolerance);
}

const rows = [
  'refused',
  'right',
  'agreed',
  'other output',
  'accepted here alone',
  'crash',
  'hang',
  'memory',
  'wrong error',
];
const good = new Set(['refused', 'right', 'agreed']);

/** What one reader made of an image, `other` being what the other reader made of it. */
function judge(item, mine, other) {
  if (mine.failed) return mine.failed.split(' ')[0];
  if (mine.refused !== undefined) {
    const ours = /^(expected|the image has|the file has|a WebP needs sharp)/.test(mine.refused);
    return ours || mine.type === 'BrokenImageError' ? 'refused' : 'wrong error';
  }
  const image = rgbaOf(mine.image);
  if (item.image) return same(image, item.image, item.format) ? 'right' : 'other output';
  if (other.image) return same(image, rgbaOf(other.image), item.format) ? 'agreed' : 'other output';
  const missing = item.format === 'webp' && /needs sharp/.test(other.refused);
  return missing ? 'agreed' : 'accepted here alone';
}

const names = ['with sharp', 'without sharp'];
const readers = names.map((name) => createReader(name.split(' ')[0]));
const counts = names.map(() => Object.fromEntries(rows.map((row) => [row, 0])));
const saved = [];
const start = performance.now();
let done = 0;
for (; done < Number(values.count) && performance.now() - start < 1000 * Number(values.seconds); done++) {
  const item = await pictureCase(Number(values.seed), done);
  const results = await Promise.all(readers.map((reader) => reader.read(item.bytes)));
  for (const [i, result] of results.entries()) {
    const verdict = judge(item, result, results[1 - i]);
    counts[i][verdict]++;
    if (values.list && !good.has(verdict)) {
      console.log(
        `${done} ${names[i]}: ${verdict}: ${item.name}: ${results.map((r) => r.refused ?? r.failed ?? 'read').join(' | ')}`,
      );
    }
  }
  if (values.save)
    saved.push({
      name: item.name,
      format: item.format,
      bytes: toBase64(item.bytes),
      read: saveable(results[0]),
    });
}
for (const reader of readers) await reader.close();
if (values.save) writeFileSync(values.save, JSON.stringify(saved));

function toBase64(bytes) {
  return Buffer.from(bytes).toString('base64');
}

function saveable({ image, refused, failed }) {
  return image ? { ...image, data: toBase64(image.data) } : { refused: refused ?? failed };
}

console.log(`${done} images of seed ${values.seed} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
console.table(
  Object.fromEntries(
    rows.map((row) => [row, Object.fromEntries(names.map((name, i) => [name, counts[i][row]]))]),
  ),
);
process.exitCode = counts.every((count) => rows.every((row) => good.has(row) || count[row] === 0)) ? 0 : 1;

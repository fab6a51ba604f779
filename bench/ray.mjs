// The programs of examples/ray on 2,000 pictures, three of them bad: an actor is killed, the job is stopped and goes on, and
// every picture has one row with log p as the SDK gives it. Not a test, because "ray[data]" takes 700 MB and two minutes.
//   node bench/ray.mjs --python PYTHON     PYTHON has: pip install "ray[data]" onnxruntime pillow safetensors
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BatchError, loadGlow } from '@glow-onnx/runtime/node';
import sharp from 'sharp';

const { python } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } }).values;
const COUNT = 2000;
const SHARDS = 20;
const TILE = 16;
const bad = ['00007.png', '00700.png', '01999.png'];
const work = mkdtempSync(join(tmpdir(), 'glow-ray-'));
const [pictures, out] = [join(work, 'pictures'), join(work, 'scores')];

try {
  await writePictures();
  const first = start('score.py', 'models/faces', pictures, out, '--shard-size', String(COUNT / SHARDS));
  await until(() => parts() >= 1, first);
  const [actor] = actorsOf(first.pid);
  process.kill(actor, 'SIGKILL');
  console.log(`killed an actor after ${parts()} of ${SHARDS} parts`);
  await until(() => parts() >= SHARDS / 2, first);
  first.kill('SIGTERM');
  await once(first, 'close');
  console.log(`stopped after ${parts()} parts`);
  const started = performance.now();
  const second = start('score.py', 'models/faces', pictures, out, '--shard-size', String(COUNT / SHARDS));
  await once(second, 'close');
  if (second.exitCode !== 0)
    throw new Error('the job did not go on; on a machine this busy Ray may not start: try again');
  console.log(`went on to ${parts()} parts in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  await compare();
} finally {
  rmSync(work, { recursive: true });
}

function start(program, ...args) {
  const env = { ...process.env, RAY_USAGE_STATS_ENABLED: '0' };
  return spawn(python, [join('examples/ray', program), ...args], {
    env,
    stdio: ['ignore', 'inherit', 'ignore'],
  });
}

async function until(holds, child) {
  while (!holds()) {
    if (child.exitCode !== null) throw new Error(`the job ended with ${child.exitCode} before its time`);
    await setTimeout(50);
  }
}

function parts() {
  return existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.parquet')).length : 0;
}

/** The process ids of the actors that a job has started. */
function actorsOf(job) {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n').slice(1);
  const processes = lines.map((line) => /^ *(\d+) +(\d+) +(.*)$/.exec(line)).filter((found) => found);
  const parents = new Map(processes.map(([, pid, parent]) => [Number(pid), Number(parent)]));
  const isOfJob = (pid) => pid > 1 && (pid === job || isOfJob(parents.get(pid) ?? 0));
  return processes.flatMap(([, pid, , args]) =>
    args.startsWith('ray::') && args.includes('MapBatches') && isOfJob(Number(pid)) ? [Number(pid)] : [],
  );
}

/** Colour, grey, alpha and palette, and three that are no pictures. */
async function writePictures() {
  mkdirSync(pictures);
  const sheet = sharp('models/faces/faces.png').removeAlpha();
  const { data, info } = await sheet.raw().toBuffer({ resolveWithObject: true });
  const pixels = sharp(data, { raw: info });
  for (let i = 0; i < COUNT; i++) {
    const name = `${String(i).padStart(5, '0')}.png`;
    const columns = info.width / TILE;
    const place = {
      left: (i % columns) * TILE,
      top: Math.floor(i / columns) * TILE,
      width: TILE,
      height: TILE,
    };
    const tile = pixels.clone().extract(place);
    const kinds = { 1: tile.toColourspace('b-w'), 2: tile.ensureAlpha((i % 100) / 100) };
    const png = (kinds[i % 10] ?? tile).png({ palette: i % 10 === 3 });
    writeFileSync(join(pictures, name), bad.includes(name) ? 'no picture' : await png.toBuffer());
  }
}

async function compare() {
  const read = `
import json, sys, pyarrow.parquet as pq
print(json.dumps(pq.read_table(sys.argv[1], columns=["image", "log_prob", "error"]).to_pylist()))`;
  const rows = readdirSync(out)
    .filter((name) => name.endsWith('.parquet'))
    .flatMap((name) => JSON.parse(execFileSync(python, ['-c', read, join(out, name)], { encoding: 'utf8' })));
  const glow = await loadGlow('models/faces', { device: 'cpu' });
  const names = readdirSync(pictures).sort();
  const error = await glow.encode(names.map((name) => join(pictures, name))).catch((thrown) => thrown);
  await glow.dispose();
  if (!(error instanceof BatchError)) throw error;
  const expected = new Map(names.map((name, i) => [name, error.results[i]?.logProb ?? null]));
  const equal = rows.filter(({ image, log_prob }) => expected.get(image) === log_prob).length;
  const unique = new Set(rows.map(({ image }) => image)).size;
  const listed = rows.filter((row) => row.error !== null).map(({ image }) => image);
  console.log(`${rows.length} rows, ${unique} unique, ${equal} as the SDK, bad: ${listed.join(' ')}`);
  if (rows.length !== COUNT || unique !== COUNT || equal !== COUNT || listed.join() !== bad.join())
    process.exitCode = 1;
}

// Scores a folder of pictures with as many workers as you start, on as many machines. See README.md.
//   node score.mjs fill PICTURES OUT    node score.mjs work MODEL OUT    node score.mjs watch OUT
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BatchError, loadGlow } from '@glow-onnx/runtime/node';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'shard-size': { type: 'string', default: '256' },
    redis: { type: 'string', default: 'redis://127.0.0.1:6379' },
  },
});
const commands = { fill: [fill, 2], work: [work, 2], watch: [watch, 1] };
const [command, ...folders] = positionals;
const [run, count] = commands[command] ?? [];
if (!run || folders.length !== count) {
  console.error(
    'usage: score.mjs fill PICTURES OUT | work MODEL OUT | watch OUT  [--redis URL] [--shard-size 256]',
  );
  process.exit(2);
}
const out = resolve(folders.at(-1));
const connection = new Redis(values.redis, { maxRetriesPerRequest: null });
const name = `glow-score-${createHash('sha256').update(out).digest('hex').slice(0, 12)}`; // a queue for each OUT
const partOf = (shard) => join(out, `part-${String(shard).padStart(6, '0')}.jsonl`);
await run(...folders);
await connection.quit();

/** Queues each shard whose part is not there yet. Run it again to go on with a job that was stopped. */
async function fill(pictures) {
  const size = Number(values['shard-size']);
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`--shard-size must be an integer from 1 on, got ${size}`);
  const found = await readdir(pictures, { recursive: true });
  const images = found.filter((file) => /\.(png|jpe?g|webp)$/i.test(file)).sort();
  if (images.length === 0) throw new Error(`${pictures} has no PNG, JPEG or WebP files`);
  const shards = Array.from({ length: Math.ceil(images.length / size) }, (_, i) =>
    images.slice(i * size, (i + 1) * size),
  );
  const hash = createHash('sha256').update(JSON.stringify(shards)).digest('hex');
  const job = { pictures: resolve(pictures), images: images.length, shards: shards.length, hash };
  const before = await readJob();
  if (before && before.hash !== hash) {
    throw new Error(`${out} is about other pictures or another --shard-size; pass another OUT`);
  }
  await mkdir(out, { recursive: true });
  await writeWhole(join(out, 'job.json'), JSON.stringify(job));
  const queue = new Queue(name, { connection });
  for (const failed of await queue.getFailed()) await failed.remove(); // to be tried again
  for (const [shard, files] of shards.entries()) {
    if (existsSync(partOf(shard))) continue;
    const options = { jobId: `shard-${shard}`, attempts: 5, backoff: { type: 'exponential', delay: 500 } };
    await queue.add(
      'shard',
      { shard, files, pictures: job.pictures },
      { ...options, removeOnComplete: true },
    );
  }
  console.log(`${images.length} pictures in ${shards.length} shards, of which ${await waiting(queue)} wait`);
  await queue.close();
}

/** Scores shards until SIGTERM or Ctrl-C, after which it finishes its shard. */
async function work(folder) {
  // In a process of its own the model does not hold up the messages by which the queue knows that this worker lives.
  const glow = await loadGlow(folder, { device: 'cpu', threads: 1, worker: true });
  const score = async ({ data: { shard, files, pictures } }) => {
    if (existsSync(partOf(shard))) return; // a worker wrote it and was lost before it could say so
    const rows = await scoresOf(glow, files, pictures);
    await writeWhole(partOf(shard), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  };
  // A worker that is lost for five seconds loses its shard to another one.
  const lost = { lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 3 };
  const worker = new Worker(name, score, { connection, concurrency: 1, ...lost });
  worker.on('error', ({ message }) => console.error(`queue: ${message}`));
  worker.on('failed', (job, { message }) => console.error(`${job?.id}: ${message}`));
  console.log(`worker ${process.pid} is ready`);
  await new Promise((end) => ['SIGTERM', 'SIGINT'].map((signal) => process.once(signal, end)));
  await worker.close();
  await glow.dispose();
}

/** log p of each picture in nats, or why it has none. */
async function scoresOf(glow, files, pictures) {
  const paths = files.map((file) => join(pictures, file));
  try {
    const { logProb } = await glow.encode(paths);
    return files.map((image, i) => ({ image, logProb: logProb[i] }));
  } catch (error) {
    if (!(error instanceof BatchError)) {
      if (files.length > 1) throw error;
      return [{ image: files[0], error: error.message }];
    }
    const messages = new Map(error.errors.map(({ image, message }) => [image, message]));
    return files.map((image, i) => {
      const message = messages.get(i);
      return message === undefined ? { image, logProb: error.results[i].logProb } : { image, error: message };
    });
  }
}

/** Shows progress until nothing is left to do. Exits with 1 if shards failed. */
async function watch() {
  const queue = new Queue(name, { connection });
  const job = await readJob();
  if (!job) throw new Error(`${out} has no job; run: score.mjs fill PICTURES ${out}`);
  for (;;) {
    const done = (await readdir(out)).filter((file) => /^part-\d+\.jsonl$/.test(file)).length;
    const left = await waiting(queue);
    console.log(`${done} of ${job.shards} shards`);
    if (left === 0) break;
    await setTimeout(1000);
  }
  const bad = [];
  let rows = 0;
  for (let shard = 0; shard < job.shards && existsSync(partOf(shard)); shard++) {
    for (const line of (await readFile(partOf(shard), 'utf8')).trimEnd().split('\n')) {
      rows++;
      if ('error' in JSON.parse(line)) bad.push(JSON.parse(line));
    }
  }
  for (const { image, error } of bad.slice(0, 20)) console.log(`bad: ${image}: ${error}`);
  console.log(`${rows} of ${job.images} pictures, ${bad.length} bad`);
  if (rows < job.images) process.exitCode = 1;
  await queue.close();
}

async function waiting(queue) {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function readJob() {
  const file = join(out, 'job.json');
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : undefined;
}

/** The file is whole when it has its name. Written twice, it is the same. */
async function writeWhole(path, text) {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

// What each precision costs and saves: size of the download, round trip, bits/dim on real pictures, speed on the CPU.
//   node bench/precision.mjs [CHECKPOINT of models/faces]     (default runs/faces/best.safetensors)
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportModel } from '@glow-onnx/exporter';
import { parseCheckpoint } from '@glow-onnx/flow';
import { precisions } from '@glow-onnx/flow/internal';
import { bitsPerDimension } from '@glow-onnx/flow/pixels';
import { readImages } from '@glow-onnx/runtime/node';
import { openSession } from '@glow-onnx/runtime/session';
import { openDataset } from '@glow-onnx/trainer';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { interleave, machine, median, models, processorTime, randomCheckpoint } from './models.mjs';

const BATCH = 16;
const SECONDS = 8;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const faces = parseCheckpoint(await readFile(process.argv[2] ?? join(root, 'runs/faces/best.safetensors')));
const data = await openDataset(join(root, 'models/faces/faces.json'), { limit: 4 * BATCH });
const heldOut = await data.images(Uint32Array.from({ length: data.count }, (_, i) => i));

console.log(`${machine()}; batches of ${BATCH} of ${heldOut.length} held-out faces, 16×16\n`);
await report('models/faces', faces);
await report(`3×32×32, L=3, ${models[1].name}, random`, randomCheckpoint(models[1].config));

async function report(name, checkpoint) {
  const work = await mkdtemp(join(tmpdir(), 'glow-precision-'));
  try {
    const out = join(work, 'model');
    const { files } = await exportModel(checkpoint, { out, precision: precisions, tolerance: 10 });
    const batches = stack(await readImages(checkpoint.config, heldOut));
    const variants = [];
    for (const precision of precisions) {
      const ending = { fp32: '', 'fp16-weights': '_fp16w', 'int8-weights': '_int8w', fp16: '_fp16' }[
        precision
      ];
      const own = new RegExp(`/(encode|decode|weights)${ending}\\.`);
      const bytes = files.filter(({ path }) => own.test(path)).reduce((sum, file) => sum + file.bytes, 0);
      const [encoder, decoder] = await Promise.all(
        ['encode', 'decode'].map((graph) => openSession({ model: join(out, `onnx/${graph}${ending}.onnx`) })),
      );
      const measured = await quality(encoder, decoder, batches, checkpoint);
      await Promise.all([encoder.release(), decoder.release()]);
      const [encode, decode] = await Promise.all(
        ['encode', 'decode'].map((graph) => oneThread(join(out, `onnx/${graph}${ending}.onnx`))),
      );
      variants.push({ precision, bytes, encode, decode, ...measured });
    }
    const [first] = batches;
    const speed = async (run) => {
      const rounds = await interleave(
        variants.map((variant) => () => run(variant)),
        SECONDS,
        processorTime,
      );
      return variants.map((_, i) => median(rounds.map((times) => times[0] / times[i])));
    };
    const encode = await speed((variant) => variant.encode.run(feed({ x: first })));
    const decode = await speed((variant) => variant.decode.run(feed(variant.z)));
    console.log(`${name}\n`);
    console.log(
      '| precision | both graphs and weights | largest error of decode(encode(x)) | pixels changed | bits/dim | shift | encode against fp32 | decode |',
    );
    console.log('|---|--:|--:|--:|--:|--:|--:|--:|');
    variants.forEach(({ precision, bytes, error, changed, bits }, i) => {
      const shift = bits - variants[0].bits;
      const cells = [
        precision,
        `${(bytes / 1e6).toFixed(2)} MB (${Math.round((100 * bytes) / variants[0].bytes)} %)`,
        error.toExponential(1),
        changed,
        bits.toFixed(4),
        shift === 0 ? '' : `${shift < 0 ? '−' : '+'}${Math.abs(shift).toExponential(1)}`,
        `${encode[i].toFixed(2)} ×`,
        `${decode[i].toFixed(2)} ×`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    });
    console.log();
    for (const variant of variants) await Promise.all([variant.encode.release(), variant.decode.release()]);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** One thread's processor time is what other work on the machine disturbs least. */
function oneThread(path) {
  return InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    extra: { session: { set_denormal_as_zero: '1' } },
  });
}

function feed(tensors) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
  );
}

/** Largest error in x, bins that came back as others, and bits/dim at the bins' centres, over all batches. */
async function quality(encoder, decoder, batches, { config }) {
  let error = 0;
  let changed = 0;
  const scores = [];
  let z;
  const bin = (x) => Math.floor((x + 0.5) * 2 ** config.bits);
  for (const x of batches) {
    const encoded = await encoder.run({ x });
    const latents = Object.fromEntries(Object.entries(encoded).filter(([name]) => /^z\d/.test(name)));
    z ??= latents;
    const restored = await decoder.run(latents);
    restored.x.data.forEach((value, i) => {
      error = Math.max(error, Math.abs(value - x.data[i]));
      if (bin(value) !== bin(x.data[i])) changed += 1;
    });
    const dimensions = x.data.length / BATCH;
    scores.push(
      ...[...encoded.log_prob.data].map((logProb) => bitsPerDimension(logProb, dimensions, config.bits)),
    );
  }
  return { error, changed, z, bits: scores.reduce((sum, score) => sum + score, 0) / scores.length };
}

function stack(images) {
  const [{ x, height, width }] = images;
  return Array.from({ length: images.length / BATCH }, (_, b) => {
    const all = new Float32Array(BATCH * x.length);
    for (let i = 0; i < BATCH; i++) all.set(images[b * BATCH + i].x, i * x.length);
    return { shape: [BATCH, x.length / (height * width), height, width], data: all };
  });
}

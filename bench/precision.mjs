// What each precision costs and saves: size of the download, round trip, bits/dim on real pictures, speed on cpu and wasm.
//   node bench/precision.mjs [--seconds 8] [--json]
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exportModel, loadCheckpoint } from '@glow-onnx/exporter';
import { precisions } from '@glow-onnx/flow/internal';
import { bitsPerDimension } from '@glow-onnx/flow/pixels';
import { readImages } from '@glow-onnx/runtime/node';
import { openSession } from '@glow-onnx/runtime/session';
import { openDataset } from '@glow-onnx/trainer';
import { interleave, machine, median, models, processorTime, randomCheckpoint } from './models.mjs';
import { precisionReport } from './reports.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '8' }, json: { type: 'boolean', default: false } },
});
const BATCH = 16;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const data = await openDataset(join(root, 'models/pixel-faces/faces.json'), { limit: 4 * BATCH });
const heldOut = await data.images(Uint32Array.from({ length: data.count }, (_, i) => i));
const { checkpoint } = await loadCheckpoint(join(root, 'models/pixel-faces'));
const found = [
  await measure(`models/pixel-faces, ${sizeOf(checkpoint.config)}`, checkpoint, ['cpu', 'wasm']),
  await measure(
    `${sizeOf(models[1].config)}, L=3, ${models[1].name}, untrained`,
    randomCheckpoint(models[1].config),
    ['cpu'],
  ),
];
const result = { machine: machine(), batch: BATCH, images: heldOut.length, models: found };
console.log(values.json ? JSON.stringify(result) : precisionReport(result));

function sizeOf({ channels, height, width }) {
  return `${channels}×${height}×${width}`;
}

async function measure(name, checkpoint, devices) {
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
      variants.push({ precision, bytes, ending, ...measured });
    }
    const [first] = batches;
    for (const device of devices) {
      const runs = { encode: [], decode: [] };
      for (const { ending, z } of variants) {
        for (const graph of ['encode', 'decode']) {
          const session = await opened(out, graph, ending, device);
          runs[graph].push(session && { session, feeds: graph === 'encode' ? { x: first } : z });
        }
      }
      for (const [graph, all] of Object.entries(runs)) {
        if (!all[0]) continue; // nothing to compare with
        const present = all.filter(Boolean);
        const rounds = await interleave(
          present.map(
            ({ session, feeds }) =>
              () =>
                session.run(feeds),
          ),
          Number(values.seconds),
          processorTime,
        );
        for (const [i, one] of all.entries()) {
          const at = present.indexOf(one);
          variants[i][`${device} ${graph}`] = one && median(rounds.map((times) => times[0] / times[at]));
        }
        for (const { session } of present) await session.release();
      }
    }
    return { name, rows: variants.map(({ z, ending, ...row }) => row) };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** A graph on one thread; undefined, with the reason printed, if it cannot be opened on the device. */
async function opened(out, graph, ending, device) {
  const [model, data] = await Promise.all(
    [`${graph}${ending}.onnx`, `weights${ending}.bin`].map((file) => readFile(join(out, 'onnx', file))),
  );
  try {
    const externalData = [{ path: `weights${ending}.bin`, data }];
    return await openSession({ model, externalData, device, threads: 1 });
  } catch (error) {
    console.error(`${graph}${ending} on ${device}: ${error.message}`);
  }
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

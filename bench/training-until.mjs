// How long a training takes until its bits/dim is low enough: ours, and what the other side of training.mjs reads.
import { readFile } from 'node:fs/promises';
import { createRandom, encodeCheckpoint, parseCheckpoint } from '@glow-onnx/flow';
import { binToModel } from '@glow-onnx/flow/pixels';
import { openEngine } from '@glow-onnx/trainer/engine';
import { faceAt, renderFaceAt } from '../models/pixel-faces/face.mjs';

/** As peers/training.py has it. At 1e-3 the first steps of larger models go astray, and how soon they are back is chance. */
const rate = 3e-4;
/** Steps whose mean bits/dim counts. */
const smoothed = 20;

/** Drawn faces, one byte after another, row-major with channels last: grey ones are the green of colour ones. */
export function drawnFaces({ channels, height }, count) {
  const faces = Array.from({ length: count }, (_, index) => renderFaceAt(faceAt(1, index), height));
  const kept = (_, i) => channels === 3 || i % 3 === 1;
  return Buffer.concat(faces.map((face) => Buffer.from(face.filter(kept))));
}

/** The bytes of a new model that has seen the first batch: both sides start here. */
export async function startingCheckpoint(config, batch, faces) {
  const engine = await openEngine({ config }, { batch, device: 'cpu', ema: 0 });
  try {
    await engine.initialise(batches(config, batch, faces)());
    return encodeCheckpoint(await engine.checkpoint());
  } finally {
    await engine.dispose();
  }
}

/** Seconds and steps until the mean bits/dim of the last steps is at most `until`; undefined after `limit` seconds. */
export async function trainUntil({ start, pictures, batch, device, threads, until, limit }) {
  const checkpoint = parseCheckpoint(await readFile(start));
  const engine = await openEngine(checkpoint, { batch, device, threads, ema: 0 });
  const next = batches(checkpoint.config, batch, await readFile(pictures));
  const found = [];
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  while (seconds() < limit) {
    const { bitsPerDim } = await engine.step(next(), rate);
    found.push(bitsPerDim);
    const last = found.slice(-smoothed);
    const mean = last.reduce((a, b) => a + b) / smoothed;
    if (last.length === smoothed && mean <= until) return { seconds: seconds(), steps: found.length };
  }
  return undefined;
}

/** The pictures in their order, again and again, each time with new noise. */
function batches({ channels, height, width, bits }, batch, pictures) {
  const random = createRandom(1);
  const size = batch * channels * height * width;
  let at = 0;
  return () => {
    if (at + size > pictures.length) at = 0;
    const bytes = pictures.subarray(at, at + size);
    at += size;
    return { count: batch, x: Float32Array.from(bytes, (byte) => binToModel(byte, bits, random.uniform())) };
  };
}

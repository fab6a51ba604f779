// What bench/browser.mjs runs in a page of Chromium. Every function is called by name, with plain data.
import { createRandom, parseCheckpoint } from '@glow-onnx/flow';
import { latentShapes } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { median, takeTurns } from '../turns.mjs';
import { openTfjs } from './tfjs.mjs';

/** Seconds of measuring for one number. */
let seconds = 1;
const interleave = (runs) => takeTurns(runs, seconds * runs.length);
const medians = async (runs) => {
  const rounds = await interleave(runs);
  return runs.map((_, which) => median(rounds.map((times) => times[which])));
};

async function timed(run) {
  const started = performance.now();
  const value = await run();
  return { value, ms: performance.now() - started };
}

/** Images of noise: speed does not depend on what they show. */
function noiseImages({ channels, height, width }, count) {
  const random = createRandom(1);
  return Array.from({ length: count }, () => ({
    ...{ channels, height, width },
    data: Uint8Array.from({ length: channels * height * width }, () => random.below(256)),
  }));
}

/** Loads a model, cold or from the cache, and times its first and its steady calls. */
async function sdk({ folder, device, threads, worker, batches, ...given }) {
  seconds = given.seconds;
  const options = { device, worker, ...(threads && { threads }) };
  const { value: glow, ms: load } = await timed(() => loadGlow(folder, options));
  const one = noiseImages(glow.config, 1);
  const firstEncode = await timed(() => glow.encode(one));
  const firstDecode = await timed(() => glow.decode(firstEncode.value.z));
  const found = {
    load,
    firstEncode: firstEncode.ms,
    firstDecode: firstDecode.ms,
    device: glow.device,
    steady: [],
  };
  for (const batch of batches) {
    const images = noiseImages(glow.config, batch);
    const { z } = await glow.encode(images);
    const [encode, decode] = await medians([() => glow.encode(images), () => glow.decode(z)]);
    found.steady.push({ batch, encode, decode });
  }
  await glow.dispose();
  return found;
}

/** Only the load, from a cache that an earlier page has filled. */
async function load({ folder, device, threads, worker }) {
  const { value, ms } = await timed(() => loadGlow(folder, { device, worker, ...(threads && { threads }) }));
  await value.dispose();
  return ms;
}

async function bytesOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The SDK's calls and ONNX Runtime's own session on tensors that are ready, in turns: ms of each. */
async function overhead({ folder, threads, batches, ...given }) {
  seconds = given.seconds;
  const glow = await loadGlow(folder, { device: 'wasm', threads }); // it sets up ONNX Runtime for both
  const ort = await import('onnxruntime-web/wasm');
  const weights = await bytesOf(`${folder}onnx/weights.bin`);
  const open = async (name) =>
    ort.InferenceSession.create(await bytesOf(`${folder}onnx/${name}.onnx`), {
      executionProviders: ['wasm'],
      externalData: [{ path: 'weights.bin', data: weights }],
      extra: { session: { set_denormal_as_zero: '1' } },
    });
  const sessions = { encode: await open('encode'), decode: await open('decode') };
  const { channels, height, width } = glow.config;
  const found = [];
  for (const batch of batches) {
    const images = noiseImages(glow.config, batch);
    const { z } = await glow.encode(images);
    const numbers = new Float32Array(batch * channels * height * width).map(() => Math.random() - 0.5);
    const x = new ort.Tensor('float32', numbers, [batch, channels, height, width]);
    const latents = Object.fromEntries(
      latentShapes(glow.config, batch, height, width).map((shape, l) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b));
        const size = data.length / batch;
        for (const [i, { levels }] of z.entries()) data.set(levels[l].data, i * size);
        return [`z${l}`, new ort.Tensor('float32', data, shape)];
      }),
    );
    const passes = {
      encode: [() => sessions.encode.run({ x }), () => glow.encode(images)],
      decode: [() => sessions.decode.run(latents), () => glow.decode(z)],
    };
    for (const [pass, runs] of Object.entries(passes)) {
      const rounds = await interleave(runs);
      const bare = median(rounds.map(([time]) => time));
      found.push({ pass, batch, bare, beyond: median(rounds.map(([time, call]) => call - time)) });
    }
  }
  await glow.dispose();
  return found;
}

/** The same model by TensorFlow.js and by the SDK, in turns: ms of each, and how far log p differs. */
async function beside({ folder, checkpoint, backend, threads, device, batches, tfjsWasm, ...given }) {
  seconds = given.seconds;
  setWasmPaths(tfjsWasm);
  setThreadsCount(threads);
  if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`);
  await tf.ready();
  const start = parseCheckpoint(await bytesOf(checkpoint));
  const { channels, height, width } = start.config;
  const theirs = openTfjs(start);
  const glow = await loadGlow(folder, { device, threads });
  const shapes = latentShapes(start.config, 1, height, width).map((shape) => shape.slice(1));
  const size = channels * height * width;
  const found = [];
  for (const batch of batches) {
    const data = new Float32Array(batch * size).map(() => Math.random() - 0.5);
    const images = Array.from({ length: batch }, (_, i) => ({
      shape: [channels, height, width],
      data: data.slice(i * size, (i + 1) * size),
    }));
    const { z, logProb } = await glow.encode(images);
    const other = await theirs.encode(data);
    const apart = logProb.map((value, i) => Math.abs(value / other.at(-1)[i] - 1));
    const latents = shapes.map((shape, l) => {
      const one = shape.reduce((a, b) => a * b);
      const all = new Float32Array(batch * one);
      for (const [i, { levels }] of z.entries()) all.set(levels[l].data, i * one);
      return all;
    });
    const passes = {
      encode: [() => glow.encode(images), () => theirs.encode(data)],
      decode: [() => glow.decodeFloats(z), () => theirs.decode(latents, shapes)],
    };
    for (const [pass, runs] of Object.entries(passes)) {
      const [ours, tfjs] = await medians(runs);
      found.push({ pass, batch, ours, tfjs, apart: Math.max(...apart) });
    }
  }
  await glow.dispose();
  return found;
}

/** The GPU of this page, if it is one. */
async function gpu() {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return {
    name: description || `${vendor} ${architecture}`,
    software: isFallbackAdapter || architecture === 'swiftshader',
  };
}

globalThis.bench = { sdk, load, overhead, beside, gpu };

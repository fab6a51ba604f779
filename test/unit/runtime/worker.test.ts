import { getEventListeners } from 'node:events';
import { pathToFileURL } from 'node:url';
import {
  BatchError,
  DeviceError,
  encodePng,
  type GlowModel,
  type LoadOptions,
  loadGlow,
  type RawImage,
} from '@glow-onnx/runtime/node';
import { browserPortability } from '../../../packages/runtime/src/browser/portability.js';
import { type Method, signatures } from '../../../packages/runtime/src/model/signatures.js';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { platform } from '../../../packages/runtime/src/node/platform.js';
import { BrokenImageError } from '../../../packages/runtime/src/pictures/broken-image.js';
import type { Platform } from '../../../packages/runtime/src/platform.js';
import { loadInWorkers } from '../../../packages/runtime/src/worker/client.js';
import type { WorkerLike } from '../../../packages/runtime/src/worker/port.js';
import { fromPortable, toPortable } from '../../../packages/runtime/src/worker/portable-error.js';
import { serve } from '../../../packages/runtime/src/worker/serve.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 1 });
const picture = (seed: number): RawImage => ({
  data: Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + seed * 91) % 256),
  height: 8,
  width: 8,
  channels: 1,
});
const half: RawImage = {
  data: Uint8Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 255 : 0)),
  ...{ height: 8, width: 8, channels: 1 },
};
const odd: RawImage = { data: new Uint8Array(35), height: 7, width: 5, channels: 1 };
/** A page's side of the worker. */
const page = {
  ...platform,
  createPortability: (limits) => browserPortability(nodeCodec(limits)),
} satisfies Platform;
const loadInWorker = (worker: WorkerLike, source: string, options: LoadOptions = {}) =>
  loadInWorkers(page, source, { ...options, worker });
const ports: MessagePort[] = [];

/** Both ends of a channel in one process: messages are cloned as to a worker. */
function channel(): { worker: WorkerLike & EventTarget; served: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return { worker: port1 as unknown as WorkerLike & EventTarget, served: port2 };
}

function inWorker(source: string, options = {}): Promise<GlowModel> {
  const { worker, served } = channel();
  serve(loadGlow, served as never);
  return loadInWorker(worker, source, { device: 'cpu', cache: false, ...options });
}

let fixture: ModelFixture;
let address: string;
let here: GlowModel;
let there: GlowModel;
beforeAll(async () => {
  fixture = await writeModelFixture(config, 5);
  address = pathToFileURL(fixture.directory).href;
  here = await loadGlow(address, { device: 'cpu', cache: false });
  there = await inWorker(address);
});
afterAll(async () => {
  await here.dispose();
  await there.dispose();
  for (const port of ports) port.close();
  await fixture.remove();
});

/** A call of each method, options among them. */
const calls: { readonly [Key in Method]: (model: GlowModel) => Promise<unknown> } = {
  prepare: (model) => model.prepare([picture(1), odd], { fit: 'pad' }),
  encode: (model) => model.encode([picture(1), odd], { fit: 'pad' }),
  decode: async (model) => model.decode((await model.encode(picture(1))).z),
  reconstruct: (model) => model.reconstruct([picture(2), odd]),
  sample: (model) => model.sample({ count: 3, seed: 4, temperature: [0.5, 0.9] }),
  bitsPerDim: (model) => model.bitsPerDim(picture(1), { draws: 2, seed: 9 }),
  score: (model) => model.score([odd, picture(1)], { draws: 2 }),
  calibrate: async (model) => {
    const good = Array.from({ length: 24 }, (_, i) => picture(i));
    const calibration = await model.calibrate(good, {
      draws: 1,
      falseAlarms: 0.1,
      groups: good.map((_, i) => i),
    });
    return [calibration, await model.score(odd, { calibration })];
  },
  interpolate: (model) => model.interpolate(picture(1), picture(2), { steps: 3, mode: 'spherical' }),
  mix: (model) => model.mix(picture(1), picture(2), [1]),
  attributeDirection: (model) => model.attributeDirection([picture(1)], [picture(2)]),
  applyAttribute: async (model) =>
    model.applyAttribute(picture(3), await model.attributeDirection(picture(1), picture(2)), 0.5),
  surprise: (model) => model.surprise([picture(1), odd], { draws: 2, fit: 'pad' }),
  features: (model) => model.features([picture(1), odd], { fit: 'pad' }),
  logProbGradient: (model) => model.logProbGradient([picture(1), odd], { fit: 'pad' }),
  inpaint: (model) => model.inpaint(picture(1), half, { steps: 2, samples: 2 }),
  denoise: (model) => model.denoise(picture(1), { sigma: 0.1, steps: 2 }),
  enlarge: (model) => model.enlarge(picture(1), { factor: 2, steps: 2, fit: 'cover' }),
  decodeFloats: async (model) => model.decodeFloats((await model.encode(picture(1))).z),
  sampleFloats: (model) => model.sampleFloats({ count: 2, seed: 4, temperature: 0.5 }),
  decodeGradient: async (model) => {
    const { z } = await model.encode(picture(1));
    const { gradient } = await model.logProbGradient(picture(2));
    return model.decodeGradient(z, gradient);
  },
};

describe('a model in a worker', () => {
  test.each(Object.keys(signatures) as Method[])('does as the model itself: %s', async (method) => {
    expect(await calls[method](there)).toEqual(await calls[method](here));
  });

  test('has the same facts', () => {
    const facts = ({ config, manifest, precision, device, skipped, selfTest }: GlowModel) => ({
      ...{ config, manifest, precision, device, skipped, selfTest },
    });
    expect(facts(there)).toEqual(facts(here));
    expect(Object.keys(there).sort()).toEqual(Object.keys(here).sort());
  });

  test('takes files by their address', async () => {
    const png = await encodePng(picture(1));
    const given = [png, new Blob([png as Uint8Array<ArrayBuffer>]), picture(1)];
    const { logProb } = await there.encode(given);
    expect(new Set(logProb).size).toBe(1);
  });

  test('leaves what it was given in place', async () => {
    const image = picture(1);
    await there.encode(image);
    expect(image.data.length).toBe(64);
  });

  test('reports progress, of calls and of loading', async () => {
    const done: number[] = [];
    const batched = await inWorker(address, {
      batchSize: 1,
      onProgress: ({ status }: { status: string }) => done.push(status === 'ready' ? -1 : 0),
    });
    expect(done.at(-1)).toBe(-1);
    done.length = 0;
    await batched.sample({ count: 3, onProgress: (progress) => done.push(progress.done) });
    expect(done).toEqual([1, 2, 3]);
    const broken = () => {
      throw new RangeError('mine');
    };
    await expect(batched.sample({ onProgress: broken })).rejects.toThrow(new RangeError('mine'));
    await batched.dispose();
  });

  test('tells of images that it brings to another size, and of an error in that', async () => {
    const told: unknown[] = [];
    await there.interpolate(picture(1), odd, { steps: 2, onFit: (fitted) => told.push(fitted) });
    expect(told).toEqual([
      { image: 1, from: { height: 7, width: 5 }, to: { height: 8, width: 8 }, by: 'cover' },
    ]);
    const broken = () => {
      throw new RangeError('mine');
    };
    await expect(there.encode(odd, { onFit: broken })).rejects.toThrow(new RangeError('mine'));
  });

  test('rejects with the reason when a call is aborted, and goes on', async () => {
    const abort = new AbortController();
    const model = await inWorker(address, { batchSize: 1 });
    const reason = new Error('enough');
    const sampling = model.sample({
      count: 500,
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(sampling).rejects.toBe(reason);
    await expect(model.sample({ signal: abort.signal })).rejects.toBe(reason);
    expect(await model.sample()).toHaveLength(1);
    await model.dispose();
  });

  test('adds one listener to a signal, however many calls have it', async () => {
    const { signal } = new AbortController();
    const count = () => getEventListeners(signal, 'abort').length;
    const calls = Array.from({ length: 12 }, () => there.sample({ signal }));
    await new Promise((resolve) => setTimeout(resolve));
    expect(count()).toBe(1);
    await Promise.all(calls);
    expect(count()).toBe(0);
  });

  test('throws errors of the same class, with the same fields', async () => {
    const failing = (model: GlowModel) =>
      model.encode([picture(1), odd, picture(2)], { fit: 'none' }).catch((error) => error);
    const [ours, theirs] = [await failing(here), await failing(there)];
    expect(theirs).toBeInstanceOf(BatchError);
    expect(theirs.message).toBe(ours.message);
    expect(theirs.errors).toEqual(ours.errors);
    expect(theirs.errors[0].image).toBe(1);
    expect(theirs.results).toEqual(ours.results);
    await expect(there.sample({ temperature: -1 })).rejects.toThrow(RangeError);
    const refused = await inWorker(address, { device: 'cuda' }).catch((error) => error);
    expect(refused).toBeInstanceOf(DeviceError);
    expect([refused.device, refused.code]).toEqual(['cuda', 'unavailable']);
  });

  test('says so if an argument cannot be sent', async () => {
    await expect(there.encode((() => 1) as never)).rejects.toThrow(
      'encode: an argument cannot be sent to a worker',
    );
  });

  test('says which picture of the page cannot be read, and does the others', async () => {
    const canvas = { width: 8, height: 8, getContext: () => null };
    const failed = await there.encode([picture(1), canvas]).catch((error) => error);
    expect(failed).toBeInstanceOf(BatchError);
    expect(failed.results[0]).toBeDefined();
    expect(failed.message).toContain('images[1]');
  });

  test('is disposed once, ends its worker, and refuses calls', async () => {
    const { worker, served } = channel();
    serve(loadGlow, served as never);
    const terminate = jest.fn();
    const model = await loadInWorker(Object.assign(worker, { terminate }), address, { device: 'cpu' });
    const sampling = model.sample();
    await Promise.all([model.dispose(), model.dispose(), model[Symbol.asyncDispose]()]);
    expect(await sampling).toHaveLength(1);
    expect(terminate).toHaveBeenCalledTimes(1);
    await expect(model.sample()).rejects.toThrow('sample: this model is disposed');
  });
});

describe('a worker that fails', () => {
  test('rejects what is under way and what comes, and can still be disposed', async () => {
    const { worker, served } = channel();
    serve(loadGlow, served as never);
    const model = await loadInWorker(worker, address, { device: 'cpu' });
    const sampling = expect(model.sample({ count: 1000 })).rejects.toThrow(
      "the model's worker has failed (out of memory)",
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    worker.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
    await sampling;
    await expect(model.sample()).rejects.toThrow("sample: the model's worker has failed");
    await model.dispose();
  });

  test('while it loads rejects loading', async () => {
    const { worker } = channel();
    const terminate = jest.fn();
    const loading = loadInWorker(Object.assign(worker, { terminate }), address, {});
    worker.dispatchEvent(new Event('error'));
    await expect(loading).rejects.toThrow('its script cannot be loaded');
    expect(terminate).toHaveBeenCalled();
  });
});

test('errors survive messages: class, fields, cause', () => {
  const cause = new TypeError('inner');
  for (const error of [
    new RangeError('a', { cause }),
    new SyntaxError('b'),
    new DeviceError('webgpu', 'self-test', 'c', { cause }),
    new BatchError('d', new Map([[2, new RangeError('e')]]), [1, 2, undefined]),
    new DOMException('f', 'QuotaExceededError'),
    new BrokenImageError('g'),
    Object.assign(new Error('h'), { code: 'ENOENT' }),
    Object.assign(new Error('i'), { name: 'OwnError' }),
  ]) {
    const received = fromPortable(structuredClone(toPortable(error)));
    expect(received).toBeInstanceOf(error.constructor);
    expect(received).toEqual(error);
    expect([received.name, received.stack]).toEqual([error.name, error.stack]);
    expect((received as { code?: unknown }).code).toBe((error as { code?: unknown }).code);
    expect(received.cause).toEqual(error.cause);
  }
  expect(fromPortable(toPortable('just text')).message).toBe('just text');
});

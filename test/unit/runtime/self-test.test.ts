import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime';
import type { KeyValueCache } from '../../../packages/runtime/src/folder/key-value-cache.js';
import { loadGraphs } from '../../../packages/runtime/src/folder/load-graphs.js';
import { platform } from '../../../packages/runtime/src/node/platform.js';
import type { Platform } from '../../../packages/runtime/src/platform.js';
import type { OnnxRuntime } from '../../../packages/runtime/src/sessions/onnx-runtime.js';
import { type ModelGraphs, openGraphs } from '../../../packages/runtime/src/sessions/open-graphs.js';
import type { SelfTest } from '../../../packages/runtime/src/sessions/self-test.js';
import { alterFile, readSixChannels, shiftGolden, spoilWeights } from '../../support/altered-folder.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, levels: 2 });
let fixture: ModelFixture;
let parent: string;
beforeAll(async () => {
  fixture = await writeModelFixture(config, 3, { singleFile: true });
  parent = await mkdtemp(join(tmpdir(), 'glow-self-test-'));
});
afterAll(async () => {
  await fixture.remove();
  await rm(parent, { recursive: true });
});

let copies = 0;
async function copyWith(...changes: [path: string, change: (bytes: Uint8Array) => Uint8Array][]) {
  const folder = join(parent, String(copies++));
  await cp(fixture.directory, folder, { recursive: true });
  for (const [path, change] of changes) await alterFile(folder, path, change);
  return folder;
}

async function read(folder: string, cache = memory()): Promise<{ graphs: ModelGraphs; selfTest: SelfTest }> {
  const file = (path: string) => readFile(join(folder, path));
  const manifest = parseManifest(await readFile(join(folder, 'manifest.json'), 'utf8'));
  return {
    graphs: await loadGraphs(
      { store: await platform.openStore(folder), sha256: platform.sha256 },
      manifest,
      'fp32',
    ),
    selfTest: {
      manifest,
      fingerprint: folder,
      precision: 'fp32',
      golden: () => file('golden.safetensors'),
      cache,
    },
  };
}

function memory(): KeyValueCache & { readonly entries: Map<string, unknown> } {
  const entries = new Map<string, unknown>();
  return {
    entries,
    read: async (key) => entries.get(key),
    write: async (key, note) => void entries.set(key, note),
  };
}

/** The platform here, with sessions that are counted and may be tampered with. */
function watched(
  change: Partial<OnnxRuntime> = {},
  spoil?: (outputs: Record<string, { data: unknown }>) => void,
) {
  const opened: string[] = [];
  let failures = 0;
  const observed: Platform = {
    ...platform,
    async loadOnnxRuntime(device, options) {
      const runtime = await platform.loadOnnxRuntime(device, options);
      const create = async (model: Uint8Array, sessionOptions: object) => {
        const isProbe = model.length < 100;
        if (!isProbe) opened.push(device);
        if (!isProbe && failures-- > 0) throw new Error('out of memory');
        const session = await runtime.InferenceSession.create(model, sessionOptions);
        const run = session.run.bind(session) as (feeds: never) => Promise<Record<string, { data: unknown }>>;
        return Object.assign(session, {
          run: async (feeds: never) => {
            const outputs = await run(feeds);
            if (!isProbe) spoil?.(outputs);
            return outputs;
          },
        });
      };
      return { ...runtime, ...change, InferenceSession: { create } as never };
    },
  };
  const failNext = () => {
    failures = 1;
  };
  return { platform: observed, opened, failNext };
}

const wrongly = (device: string) => ({ name: 'DeviceError', code: 'self-test', device });

describe('the golden images of a model folder', () => {
  test('pass on the cpu and on wasm, through both graphs', async () => {
    for (const device of ['cpu', 'wasm'] as const) {
      const { graphs, selfTest } = await read(fixture.directory);
      const { platform, opened } = watched();
      const model = await openGraphs(platform, async () => graphs, { device, selfTest });
      expect([model.device, model.selfTest, opened]).toEqual([device, 'passed', [device, device]]);
      await model.release();
    }
  });

  test('are not sent again, nor anything opened, once a pass is remembered', async () => {
    const cache = memory();
    const { graphs, selfTest } = await read(fixture.directory, cache);
    await (await openGraphs(platform, async () => graphs, { device: 'cpu', selfTest })).release();
    const { platform: second, opened } = watched();
    const golden = jest.fn(selfTest.golden);
    const model = await openGraphs(second, async () => graphs, {
      device: 'cpu',
      selfTest: { ...selfTest, golden },
    });
    expect([model.selfTest, opened]).toEqual(['remembered', []]);
    expect(golden).not.toHaveBeenCalled();
    await model.release();
  });

  test('are remembered between programs, in the cache on disk', async () => {
    const options = { device: 'cpu', cache: join(parent, 'cache') } as const;
    const outcomes: string[] = [];
    for (const folder of [fixture.directory, fixture.directory, await copyWith()]) {
      const model = await loadGlow(folder, options);
      outcomes.push(model.selfTest);
      await model.dispose();
    }
    // A copy has the same manifest, so it is the same model.
    expect(outcomes).toEqual(['passed', 'remembered', 'remembered']);
    const unchecked = await loadGlow(fixture.directory, { device: 'cpu', selfTest: false });
    expect(unchecked.selfTest).toBe('none');
    await unchecked.dispose();
  });

  test.each<[string, (passed: object[]) => unknown]>([
    ['nothing', () => []],
    ['no measurements', () => 'passed'],
    ['an error that is too large', (passed) => [...passed, { ...passed[0], value: 1, tolerance: 0.1 }]],
    ['an error that is no number', (passed) => [{ ...passed[0], value: '0' }]],
    ['null', () => [null]],
  ])('are sent again if the note of a pass holds %s', async (_, change) => {
    const cache = memory();
    const { graphs, selfTest } = await read(fixture.directory, cache);
    const outcome = async () => {
      const model = await openGraphs(platform, async () => graphs, { device: 'cpu', selfTest });
      await model.release();
      return model.selfTest;
    };
    expect(await outcome()).toBe('passed');
    const [[key, note]] = [...cache.entries] as [[string, object[]]];
    cache.entries.set(key, change(note));
    expect(await outcome()).toBe('passed');
    expect(await outcome()).toBe('remembered');
  });

  test.each<[string, (test: SelfTest) => SelfTest, Partial<OnnxRuntime>]>([
    ['another model', (test) => ({ ...test, fingerprint: 'another' }), {}],
    ['another processor', (test) => test, { processor: 'another' }],
    ['another version of ONNX Runtime', (test) => test, { name: 'onnxruntime-node 1.31.0' }],
    ['a processor that cannot be named', (test) => test, { processor: undefined }],
  ])('are sent again for %s', async (_, change, runtime) => {
    const { graphs, selfTest } = await read(fixture.directory);
    await (await openGraphs(platform, async () => graphs, { device: 'cpu', selfTest })).release();
    for (let load = 0; load < (runtime.processor === undefined && 'processor' in runtime ? 2 : 1); load++) {
      const model = await openGraphs(watched(runtime).platform, async () => graphs, {
        device: 'cpu',
        selfTest: change(selfTest),
      });
      expect(model.selfTest).toBe('passed');
      await model.release();
    }
  });

  test.each([
    ['z0', 0.01, 'error of z over the largest z'],
    ['z1', 0.01, 'error of z over the largest z'],
    ['log_prob', 1, 'error of log_prob over its size'],
    ['decode.x', 0.01, 'decode against float64: error of x'],
    ['x', Number.NaN, 'is NaN'],
  ])(
    'refuse every device when %s is wrong on purpose, and nothing is remembered',
    async (name, by, message) => {
      const folder = await copyWith(['golden.safetensors', (bytes) => shiftGolden(bytes, name, by)]);
      const cache = memory();
      const { graphs, selfTest } = await read(folder, cache);
      const refused = openGraphs(platform, async () => graphs, { device: 'cpu', selfTest });
      await expect(refused).rejects.toMatchObject(wrongly('cpu'));
      await expect(refused).rejects.toThrow(
        /^self-test: device "cpu" computes this model's golden images wrongly/,
      );
      await expect(refused).rejects.toThrow(message);
      expect(cache.entries.size).toBe(0);
    },
  );

  test('refuse weights that hold a NaN, on each device of auto, with the reasons', async () => {
    const folder = await copyWith(['onnx/encode.onnx', spoilWeights]);
    const { graphs, selfTest } = await read(folder);
    const refused = openGraphs(platform, async () => graphs, { device: 'auto', selfTest });
    await expect(refused).rejects.toMatchObject(wrongly('wasm'));
    await expect(refused).rejects.toThrow(
      /^no device can run this model \(cuda: .*; webgpu: .*; cpu: self-test: .* is NaN.*; wasm: self-test: .* is NaN/,
    );
  });

  test('are refused before they run if they need too much memory', async () => {
    const { graphs, selfTest } = await read(fixture.directory);
    const manifest = { ...selfTest.manifest, config: { ...config, hiddenChannels: 2 ** 24 } };
    const opening = openGraphs(platform, async () => graphs, {
      device: 'cpu',
      selfTest: { ...selfTest, manifest },
    });
    await expect(opening).rejects.toThrow(/images of \d+×\d+ need too much memory/);
  });

  test('hold for the same model with convolutions that read six channels', async () => {
    const folder = await copyWith(
      ['onnx/encode.onnx', readSixChannels],
      ['onnx/decode.onnx', readSixChannels],
    );
    const { graphs, selfTest } = await read(folder);
    const model = await openGraphs(platform, async () => graphs, { device: 'cpu', selfTest });
    expect(model.selfTest).toBe('passed');
    await model.release();
  });
});

describe('a device', () => {
  test('that is wrong in decode alone is passed over, its sessions freed', async () => {
    const { graphs, selfTest } = await read(fixture.directory);
    const wrong = watched({}, ({ x }) => {
      if (x) (x.data as Float32Array)[5] += 0.01;
    });
    const mixed: Platform = {
      ...platform,
      loadOnnxRuntime: (device, options) =>
        (device === 'cpu' ? wrong.platform : platform).loadOnnxRuntime(device, options),
    };
    const model = await openGraphs(mixed, async () => graphs, { device: ['cpu', 'wasm'], selfTest });
    expect(model).toMatchObject({ device: 'wasm', selfTest: 'passed' });
    expect(model.skipped).toEqual([
      { device: 'cpu', reason: expect.stringMatching(/decode against float64: error of x is 0.01/) },
    ]);
    expect(model.skipped[0]?.reason).not.toMatch(/error of z/);
    await model.release();
  });
});

describe('without a self-test', () => {
  test('sessions open when first needed, each once however many calls need it at once', async () => {
    const { graphs } = await read(fixture.directory);
    const { platform, opened } = watched();
    const model = await openGraphs(platform, async () => graphs, { device: 'cpu' });
    expect([model.selfTest, opened]).toEqual(['none', []]);
    const sessions = await Promise.all([model.encoder(), model.encoder(), model.decoder(), model.decoder()]);
    expect(new Set(sessions).size).toBe(2);
    expect(opened).toHaveLength(2);
    await model.release();
  });

  test('a session that cannot be opened is tried again by the next call', async () => {
    const { graphs } = await read(fixture.directory);
    const { platform, opened, failNext } = watched();
    const model = await openGraphs(platform, async () => graphs, { device: 'cpu' });
    failNext();
    const calls = await Promise.allSettled([model.encoder(), model.encoder()]);
    for (const call of calls) {
      expect(call).toMatchObject({
        reason: { message: 'session: the graph cannot be opened on cpu: out of memory' },
      });
    }
    expect(opened).toHaveLength(1);
    await model.encoder();
    expect(opened).toHaveLength(2);
    await model.release();
    await expect(model.decoder()).rejects.toThrow('session: it is released; load the model again');
  });
});

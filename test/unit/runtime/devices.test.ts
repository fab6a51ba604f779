import { encodeModel, graph, input, mul, symbol } from '@glow-onnx/graph';
import { type DeviceChoice, DeviceError, openSession, type SessionOptions } from '@glow-onnx/runtime/session';
import { producer } from '../../support/run-graph.js';

/** y = x · x. */
function squaring(): Uint8Array {
  const x = input('x', 'float32', [symbol('N')]);
  return encodeModel(graph({ name: 'square', inputs: [x], outputs: { y: mul(x, x) } }), { producer });
}

const square = { model: squaring() };
const corrupt = { model: Uint8Array.of(1, 2, 3) };

async function squareOf3(options: Omit<SessionOptions, 'model'>) {
  const session = await openSession({ ...square, ...options });
  const { y } = await session.run({ x: { shape: [1], data: Float32Array.of(3) } });
  await session.release();
  return { device: session.device, skipped: session.skipped, y: y?.data[0] };
}

/** ONNX Runtime has CUDA for one system, and not in its package. */
const noCuda =
  `${process.platform} ${process.arch}` === 'linux x64'
    ? /^device "cuda" is not available here: .+; pass device: "cpu", or install .*npm rebuild onnxruntime-node/
    : /^device "cuda" is not available on .+ \(found: cpu.*\); pass device: "cpu"$/;

const unavailable = (device: string) => ({ name: 'DeviceError', code: 'unavailable', device });

describe('choosing a device', () => {
  test('auto in Node takes the cpu, and tells why it passed over the others', async () => {
    const { device, skipped, y } = await squareOf3({ device: 'auto' });
    expect([device, y]).toEqual(['cpu', 9]);
    expect(skipped).toEqual([
      { device: 'cuda', reason: expect.stringMatching(noCuda) },
      { device: 'webgpu', reason: 'experimental in Node; pass device: "webgpu" to use it' },
    ]);
  });

  test.each(['cpu', 'wasm'] as const)(
    '%s computes, alone or first of a list, and nothing is skipped',
    async (name) => {
      for (const device of [name, [name, 'cuda']] as DeviceChoice[]) {
        expect(await squareOf3({ device })).toEqual({ device: name, skipped: [], y: 9 });
      }
    },
  );

  test('a list is tried in its order', async () => {
    const { device, skipped } = await squareOf3({ device: ['cuda', 'wasm', 'cpu'] });
    expect([device, skipped.map((one) => one.device)]).toEqual(['wasm', ['cuda']]);
  });

  test('cuda without its provider is a DeviceError that says how to install it', async () => {
    const refused = openSession({ ...square, device: 'cuda' });
    await expect(refused).rejects.toBeInstanceOf(DeviceError);
    await expect(refused).rejects.toMatchObject(unavailable('cuda'));
    await expect(refused).rejects.toThrow(noCuda);
  });

  test.each([
    ['gpu', /^device: expected "auto", "cpu", .* got "gpu"$/],
    [[], /got an empty list$/],
    [['cpu', 'gpu'], /got "gpu"$/],
    [['auto', 'cpu'], /got \["auto","cpu"\]$/],
  ])('%j is no device, and a clear error', async (device, message) => {
    await expect(openSession({ ...square, device: device as DeviceChoice })).rejects.toThrow(RangeError);
    await expect(openSession({ ...square, device: device as DeviceChoice })).rejects.toThrow(message);
  });
});

describe('a corrupt graph', () => {
  test.each(['cpu', 'wasm'] as const)('is reported as such on %s', async (device) => {
    const broken = openSession({ ...corrupt, device });
    await expect(broken).rejects.toThrow(new RegExp(`^session: the graph cannot be opened on ${device}: .+`));
    await expect(broken).rejects.not.toBeInstanceOf(DeviceError);
    await expect(broken).rejects.toHaveProperty('cause');
  });

  test('is reported as such under auto, without a try on slower devices', async () => {
    await expect(openSession(corrupt)).rejects.toThrow(/^session: the graph cannot be opened on cpu: /);
  });
});

test.each(['cpu', 'wasm'] as const)('a rejected run leaves a session on %s usable', async (device) => {
  const session = await openSession({ ...square, device });
  const wrong = session.run({ y: { shape: [1], data: Float32Array.of(3) } });
  await expect(wrong).rejects.toThrow(/x/);
  const { y } = await session.run({ x: { shape: [1], data: Float32Array.of(3) } });
  expect(y?.data[0]).toBe(9);
  await session.release();
});

describe('where onnxruntime-node cannot be loaded', () => {
  const failures = {
    'is not installed': Object.assign(new Error("Cannot find module 'onnxruntime-node'"), {
      code: 'MODULE_NOT_FOUND',
    }),
    'has no binary': Object.assign(new Error("Cannot find module '../bin/x/onnxruntime_binding.node'"), {
      code: 'MODULE_NOT_FOUND',
    }),
  };

  const hostRequirePath = '../../../packages/runtime/src/node/host-require.js';
  afterEach(() => jest.dontMock(hostRequirePath).resetModules().restoreAllMocks());

  test.each(Object.entries(failures))(
    'because it %s, auto takes wasm and warns once',
    async (claim, failure) => {
      jest.resetModules();
      const { hostRequire } = jest.requireActual(hostRequirePath);
      jest.doMock(hostRequirePath, () => ({
        hostRequire(name: string) {
          if (name === 'onnxruntime-node') throw failure;
          return hostRequire(name);
        },
      }));
      const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
      const fresh: typeof import('@glow-onnx/runtime/session') = await import('@glow-onnx/runtime/session');
      for (let load = 0; load < 2; load++) {
        const session = await fresh.openSession(square);
        expect(session.device).toBe('wasm');
        expect(session.skipped.map(({ device }) => device)).toEqual(['cuda', 'webgpu', 'cpu']);
        expect(session.skipped[2]?.reason).toContain(claim);
        await session.release();
      }
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toContain(claim);
    },
  );

  test('wasm that was asked for runs without a warning', async () => {
    const warn = jest.spyOn(console, 'warn');
    expect((await squareOf3({ device: 'wasm' })).y).toBe(9);
    expect(warn).not.toHaveBeenCalled();
  });
});

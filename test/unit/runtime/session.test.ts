import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '@glow-onnx/runtime/session';
import { onnx } from 'onnx-proto';

const vector = { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'N' }] } } };

/** y = x · w with w = [0.5] as external data at weights.bin. */
function scaleGraph(): Uint8Array {
  const location = Object.entries({ location: 'weights.bin', offset: '0', length: '4' });
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'scale',
      input: [{ name: 'x', type: vector }],
      output: [{ name: 'y', type: vector }],
      node: [{ opType: 'Mul', input: ['x', 'w'], output: ['y'] }],
      initializer: [
        {
          name: 'w',
          dataType: 1,
          dims: [1],
          dataLocation: 1,
          externalData: location.map(([key, value]) => ({ key, value })),
        },
      ],
    },
  }).finish();
}

const weights = new Uint8Array(Float32Array.of(0.5).buffer);
const scale = { model: scaleGraph(), externalData: [{ path: 'weights.bin', data: weights }] };
const x = { shape: [3], data: Float32Array.of(2, -4, 0) };

describe('openSession', () => {
  test('runs a graph given as bytes with its external data', async () => {
    const session = await openSession(scale);
    const { y } = await session.run({ x });
    expect(y).toEqual({ shape: [3], data: Float32Array.of(1, -2, 0) });
    await session.release();
  });

  test('writes outputs where it is told to, in the middle of a vector too', async () => {
    for (const device of ['cpu', 'wasm'] as const) {
      const session = await openSession({ ...scale, device });
      const vector = new Float32Array(5);
      const { y } = await session.run({ x }, { y: { shape: [3], data: vector.subarray(1, 4) } });
      expect([...vector]).toEqual([0, 1, -2, 0, 0]);
      expect(y).toEqual({ shape: [3], data: Float32Array.of(1, -2, 0) });
      await session.release();
    }
  });

  test('runs a graph given as a path, its external data beside it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'glow-session-'));
    writeFileSync(join(directory, 'scale.onnx'), scale.model);
    writeFileSync(join(directory, 'weights.bin'), weights);
    const session = await openSession({ model: join(directory, 'scale.onnx'), device: 'cpu' });
    expect((await session.run({ x })).y?.data).toEqual(Float32Array.of(1, -2, 0));
    await session.release();
    rmSync(directory, { recursive: true });
  });

  test('denormal inputs count as zero, if this package opens the first session of the process', () => {
    // ONNX Runtime sets it once a process, with the first session, so the test has a process of its own.
    const program = `
      import { openSession } from '@glow-onnx/runtime/session';
      const [model, weights] = process.argv.slice(1).map((text) => Buffer.from(text, 'base64'));
      const session = await openSession({ model, externalData: [{ path: 'weights.bin', data: weights }] });
      // Made from bits: once a session is open, JavaScript's own arithmetic gives no denormals either.
      const data = new Float32Array(Uint32Array.of(0x0001_0000).buffer);
      const { y } = await session.run({ x: { shape: [1], data } });
      console.log(new Uint32Array(y.data.buffer)[0]);
    `;
    const [model, data] = [scale.model, weights].map((bytes) => Buffer.from(bytes).toString('base64'));
    const argv = ['--input-type=module', '--eval', program, model as string, data as string];
    expect(execFileSync(process.execPath, argv, { encoding: 'utf8' })).toBe('0\n');
  });

  test('release waits for a run under way, may be called twice, and ends the session', async () => {
    const session = await openSession(scale);
    const run = session.run({ x });
    await Promise.all([session.release(), session.release()]);
    expect((await run).y?.shape).toEqual([3]);
    await session.release();
    await expect(session.run({ x })).rejects.toThrow('session: it is released');
  });
});

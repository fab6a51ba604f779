import { type LoadOptions, type LoadProgress, loadGlow, UnreachableError } from '@glow-onnx/runtime';
import { watchIdle } from '../../../packages/runtime/src/folder/stores/watch-idle.js';
import { fromPortable, toPortable } from '../../../packages/runtime/src/worker/portable-error.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { type Answer, type ModelServer, serveFolder } from './model-server.js';

let fixture: ModelFixture;
let server: ModelServer;
beforeAll(async () => {
  fixture = await writeModelFixture(tinyConfig(), 13);
  server = await serveFolder(fixture.directory);
});
afterEach(() => {
  server.answers.clear();
});
afterAll(async () => {
  await Promise.all([server.close(), fixture.remove()]);
});

async function load(source: string, options: LoadOptions = {}): Promise<LoadProgress[]> {
  const events: LoadProgress[] = [];
  const onProgress = (event: LoadProgress) => events.push(event);
  const model = await loadGlow(source, {
    device: 'cpu',
    selfTest: false,
    cache: false,
    onProgress,
    ...options,
  });
  await model.dispose();
  return events;
}
const refusal = (source: string, options: LoadOptions = {}): Promise<Error> =>
  load(source, options).then(
    () => new Error('it loads'),
    (error: Error) => error,
  );
describe('a server that sends nothing', () => {
  const idleTimeoutMs = 200;
  const silent: Answer = () => undefined;
  const stuck: Answer = (response, bytes) => response.writeHead(200).write(bytes.subarray(0, 10));
  const dripping: Answer = (response, bytes) => {
    let at = 0;
    const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 20);
    response.on('close', () => clearInterval(timer));
  };
  const informing: Answer = (response) => {
    const timer = setInterval(() => response.writeProcessing(), 20);
    response.on('close', () => clearInterval(timer));
  };

  test.each<[string, Answer]>([
    ['never answers', silent],
    ['stops within a file', stuck],
    ['sends a byte from time to time', dripping],
    ['sends preliminary answers without end', informing],
  ])('is given up if it %s, and the connection is closed', async (_, answer) => {
    const closed = new Promise((resolve) => {
      server.answers.set('onnx/weights.bin', (response, bytes, request) => {
        request.socket.once('close', resolve);
        answer(response, bytes, request);
      });
    });
    const error = await refusal(server.url, { idleTimeoutMs });
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toBe(
      `${server.url}/onnx/weights.bin: the server has sent nothing, or next to nothing, for 0.2 s; ` +
        'load the model again, or pass a larger idleTimeoutMs',
    );
    await closed;
  });

  test('is not given up as long as enough comes', async () => {
    server.answers.set('onnx/weights.bin', (response, bytes) => {
      let at = 0;
      const step = Math.ceil(bytes.length / 10);
      const timer = setInterval(() => {
        response.write(bytes.subarray(at, at + step));
        at += step;
        if (at < bytes.length) return;
        clearInterval(timer);
        response.end();
      }, 60);
    });
    await load(server.url, { idleTimeoutMs });
  });

  test('is as one that cannot be reached: the cached manifest is used', async () => {
    const cache = process.env.TEST_RUN as string;
    await load(server.url, { cache: `${cache}/idle` });
    server.answers.set('manifest.json', silent);
    const events = await load(server.url, { cache: `${cache}/idle`, idleTimeoutMs });
    expect(events.map(({ status }) => status)).toContain('offline');
  });

  test('is not blamed if this thread was busy', async () => {
    const watch = watchIdle(100, () => new Error('idle'), undefined);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    await new Promise((resolve) => setImmediate(resolve));
    expect(watch.signal.aborted).toBe(false);
    await new Promise((resolve) => watch.signal.addEventListener('abort', resolve));
  });

  test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('has not %d ms', async (idleTimeoutMs) => {
    expect((await refusal(server.url, { idleTimeoutMs })).message).toContain(
      `loadGlow: idleTimeoutMs must be an integer from 1 on, got ${idleTimeoutMs}`,
    );
  });

  test('keeps its error through a worker', () => {
    expect(fromPortable(toPortable(new UnreachableError('gone')))).toBeInstanceOf(UnreachableError);
  });
});

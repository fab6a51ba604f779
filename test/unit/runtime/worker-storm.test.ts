import { readdir, readFile } from 'node:fs/promises';
import { serialize } from 'node:v8';
import { createRandom } from '@glow-onnx/flow';
import { type GlowModel, loadGlow, type RawImage, WorkerError } from '@glow-onnx/runtime/node';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const options = { device: 'cpu', cache: false } as const;
const random = createRandom(11, 0);
let fixture: ModelFixture;
beforeAll(async () => {
  fixture = await writeModelFixture(tinyConfig({ levels: 2 }), 5);
});
afterAll(() => fixture.remove());

function image(side: number): RawImage {
  const data = Uint8Array.from({ length: 3 * side * side }, () => random.below(256));
  return { data, height: side, width: side, channels: 3 };
}

async function childProcesses(): Promise<number[]> {
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

test('64 calls of mixed sizes, with aborts and a killed worker: each gives its result or says why not', async () => {
  const calls = Array.from(
    { length: 64 },
    (_, i): ((model: GlowModel, signal?: AbortSignal) => Promise<unknown>) => {
      const images = Array.from({ length: 1 + random.below(4) }, () => image(8 * (1 + random.below(6))));
      const given = (signal?: AbortSignal) => (signal ? { signal } : {});
      if (i % 3 === 0) return (model, signal) => model.sample({ seed: i, count: 3, ...given(signal) });
      if (i % 3 === 1) return (model, signal) => model.encode(images, given(signal));
      return (model, signal) => model.reconstruct(images, given(signal));
    },
  );
  const before = await childProcesses();
  const model = await loadGlow(fixture.directory, { ...options, worker: 3 });
  const victim = (await childProcesses()).find((pid) => !before.includes(pid)) as number;
  const reason = new Error('enough');
  const calm: Buffer[] = [];
  for (const call of calls) calm.push(serialize(await call(model)));
  const storm = calls.map((call, i) => {
    const abort = new AbortController();
    if (i % 4 === 0) setTimeout(() => abort.abort(reason), random.below(800));
    return call(model, abort.signal);
  });
  setTimeout(() => process.kill(victim, 'SIGKILL'), 150);
  const outcomes = await Promise.allSettled(storm);
  const failures = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map((outcome) => outcome.reason);
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') expect(serialize(outcome.value).equals(calm[i] as Buffer)).toBe(true);
  }
  expect(failures.filter((failure) => failure !== reason && !(failure instanceof WorkerError))).toEqual([]);
  expect(failures.filter((failure) => failure instanceof WorkerError).length).toBeLessThanOrEqual(1);
  expect(failures.length).toBeLessThan(20);
  expect(serialize(await calls[0]?.(model)).equals(calm[0] as Buffer)).toBe(true);
  await model.dispose();
});

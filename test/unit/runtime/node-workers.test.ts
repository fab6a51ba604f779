import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createRandom } from '@glow-onnx/flow';
import { encodePng, type GlowModel, loadGlow, type RawImage, WorkerError } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

// The workers run what is built in packages/runtime/dist.
const faces = resolve(__dirname, '../../../models/pixel-faces');
const built = pathToFileURL(resolve(__dirname, '../../../packages/runtime/dist/node.js')).href;
const options = { device: 'cpu', cache: false } as const;
const image = (seed: number, side = 8): RawImage => {
  const random = createRandom(7, seed);
  const data = Uint8Array.from({ length: 3 * side * side }, () => random.below(256));
  return { data, height: side, width: side, channels: 3 };
};

let fixture: ModelFixture;
let work: string;
let here: GlowModel;
let there: GlowModel;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'glow workers ü '));
  fixture = await writeModelFixture(tinyConfig(), 5);
  here = await loadGlow(fixture.directory, options);
  there = await loadGlow(fixture.directory, { ...options, worker: 2 });
});
afterAll(async () => {
  await here.dispose();
  await there.dispose();
  await fixture.remove();
  await rm(work, { recursive: true });
});

/** The processes that this one has started and that still run. */
async function workers(): Promise<number[]> {
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** Waits for the processes of a model that is opened or disposed meanwhile. */
async function startedBy(open: () => Promise<GlowModel>): Promise<{ model: GlowModel; pids: number[] }> {
  const before = await workers();
  const model = await open();
  return { model, pids: (await workers()).filter((pid) => !before.includes(pid)) };
}

const isRunning = (pid: number) =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  );

async function hasEnded(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (!(await isRunning(pid))) return true;
    await pause(50);
  }
  return false;
}

describe('a model in worker processes', () => {
  test('gives what it gives in the program itself', async () => {
    for (const call of [
      (model: GlowModel) => model.encode([image(1), image(2, 16)]),
      (model: GlowModel) => model.sample({ count: 5, seed: 3 }),
      (model: GlowModel) => model.score(image(1), { draws: 2 }),
      async (model: GlowModel) => model.decode((await model.encode(image(3))).z),
    ]) {
      expect(await call(there)).toEqual(await call(here));
    }
    expect(Object.keys(there).sort()).toEqual(Object.keys(here).sort());
    expect(there.manifest).toEqual(here.manifest);
  });

  test('takes every kind of image of Node', async () => {
    const png = await encodePng(image(1));
    await writeFile(join(work, 'ä.png'), png);
    const path = join(work, 'ä.png');
    const { buffer, byteOffset, byteLength } = png;
    const { logProb } = await there.encode([
      image(1),
      { ...image(1), data: Buffer.from(image(1).data) },
      png,
      buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer,
      new Blob([png as Uint8Array<ArrayBuffer>]),
      path,
      pathToFileURL(path),
      sharp(png),
    ]);
    expect(new Set(logProb)).toEqual(new Set((await here.encode(image(1))).logProb));
  });

  test('resolves relative paths where the program is at the call, and names them as they are given', async () => {
    await writeFile(join(work, 'near.png'), await encodePng(image(1)));
    const before = process.cwd();
    try {
      process.chdir(work);
      expect((await there.encode('near.png')).logProb).toHaveLength(1);
      process.chdir(before);
      await expect(there.encode('near.png')).rejects.toThrow('encode: near.png: ');
    } finally {
      process.chdir(before);
    }
  });

  test('loads files that are in memory, and refuses a directory handle', async () => {
    const names = await readdir(fixture.directory, { recursive: true, withFileTypes: true });
    const files = new Map<string, Blob | Uint8Array>();
    for (const entry of names.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      const isFirst = files.size % 2 === 0;
      files.set(path.slice(fixture.directory.length + 1), isFirst ? new Blob([bytes]) : bytes);
    }
    const model = await loadGlow(files, { ...options, worker: true });
    expect(await model.sample({ seed: 1 })).toEqual(await here.sample({ seed: 1 }));
    await model.dispose();
    const handle = { getFileHandle: () => {} } as never;
    await expect(loadGlow(handle, { worker: true })).rejects.toThrow(
      'loadGlow: a directory handle cannot be sent to a worker',
    );
  });

  test('warns once, also from several workers', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    const cache = join(work, 'file', 'below');
    await writeFile(join(work, 'file'), ''); // so that the cache cannot be a folder
    const model = await loadGlow(fixture.directory, { device: 'cpu', cache, worker: 2 });
    await model.dispose();
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  test('tells errors as the program itself does', async () => {
    await expect(loadGlow(fixture.directory, { worker: true, precision: 'fp16' })).rejects.toThrow(
      RangeError,
    );
    await expect(loadGlow(fixture.directory, { worker: true, device: 'cuda' })).rejects.toMatchObject({
      name: 'DeviceError',
      code: 'unavailable',
    });
    await expect(there.sample({ count: -1 })).rejects.toThrow(RangeError);
    await expect(there.encode([image(1), image(1, 7)], { fit: 'none' })).rejects.toMatchObject({
      name: 'BatchError',
    });
    await expect(there.encode((() => 1) as never)).rejects.toThrow('cannot be sent to a worker');
  });

  test.each([
    [0, RangeError, 'worker must be an integer from 1 on, got 0'],
    [1.5, RangeError, 'got 1.5'],
    [{ script: 'x', count: 0 }, RangeError, 'got 0'],
    [{}, TypeError, 'worker: expected true, a number of workers'],
    [() => 1, TypeError, 'got function'],
    ['/no/such/script.mjs', WorkerError, 'it ended with code 1); load the model again'],
    ['', TypeError, 'got an empty path'],
    [{ script: '' }, TypeError, 'got an empty path'],
    [null, TypeError, 'got null'],
  ] as const)('refuses worker: %p', async (worker, type, message) => {
    const loading = loadGlow(fixture.directory, { worker: worker as never });
    const error = await loading.catch((reason) => reason);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(message);
  });
});

type Three = [string, string, string];

describe('a worker process', () => {
  const busy = image(1, 384); // a run of half a second that holds the worker's thread
  const asTheyAre = { fit: 'none' } as const;

  test('stops at once if its call is aborted, also within a run, and the model goes on', async () => {
    const { model, pids } = await startedBy(() => loadGlow(faces, { ...options, worker: true }));
    const [calm] = (await model.encode(image(1, 16))).logProb;
    const abort = new AbortController();
    const reason = new Error('enough');
    const calls = [
      model.encode(image(1, 1024), { signal: abort.signal, ...asTheyAre }), // longer than a new worker takes to start
      model.encode(busy, { signal: abort.signal, ...asTheyAre }),
    ];
    const next = model.encode(image(1, 16));
    await pause(300);
    abort.abort(reason);
    const stopped = Promise.allSettled(calls).then(() => 'the aborted calls');
    expect(await Promise.race([stopped, next.then(() => 'the next call')])).toBe('the aborted calls');
    for (const call of calls) await expect(call).rejects.toBe(reason);
    expect((await next).logProb).toEqual([calm]);
    expect(await hasEnded(pids[0] as number)).toBe(true);
    await model.dispose();
  });

  test('that is killed fails its own call only, and a new one takes its place', async () => {
    const { model, pids } = await startedBy(() => loadGlow(faces, { ...options, worker: 2 }));
    const calls = [model.encode(busy, asTheyAre), model.encode(busy, asTheyAre), model.encode(image(1, 16))];
    await pause(300);
    process.kill(pids[0] as number, 'SIGKILL');
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).toBeInstanceOf(WorkerError);
    expect(failed[0]?.reason.message).toMatch(
      /^encode: the model's worker has failed \(it was killed, perhaps .*\); other calls go on/,
    );
    const alive = async () => (await Promise.all(pids.map(isRunning))).filter(Boolean).length;
    expect(await alive()).toBe(1);
    const [a, b] = await Promise.all([model.encode(image(1, 16)), model.encode(image(1, 16))]);
    expect(a).toEqual(b);
    await model.dispose();
    for (const pid of pids) expect(await hasEnded(pid)).toBe(true);
  });

  test('that cannot load the model again says so at each call, and recovers', async () => {
    const moved = await writeModelFixture(tinyConfig(), 5);
    const { model, pids } = await startedBy(() => loadGlow(moved.directory, { ...options, worker: true }));
    const manifest = join(moved.directory, 'manifest.json');
    const text = await readFile(manifest);
    await rm(manifest);
    process.kill(pids[0] as number, 'SIGKILL');
    expect(await hasEnded(pids[0] as number)).toBe(true);
    for (let tries = 0; tries < 2; tries++) {
      const error = await model.sample().catch((reason) => reason);
      expect(error).toBeInstanceOf(WorkerError);
      expect(error.message).toMatch(
        /sample: (a new worker cannot load the model: .*no manifest.json|the model's worker has failed)/,
      );
    }
    await writeFile(manifest, text);
    await model.sample().catch(() => undefined); // may have met the last worker that failed
    expect(await model.sample({ seed: 2 })).toEqual(await here.sample({ seed: 2 }));
    await writeFile(manifest, String(text).replace('"format":', '"name": "another",\n  "format":'));
    await model.dispose();
    await moved.remove();
  });

  test('starts once per call that fails, and is not ended while it loads by calls that are aborted', async () => {
    const [script, mode, log] = ['own.mjs', 'mode', 'starts'].map((name) => join(work, name)) as Three;
    await writeFile(
      script,
      `import { appendFileSync, readFileSync } from 'node:fs';
      appendFileSync(${JSON.stringify(log)}, process.pid + ' ');
      const mode = readFileSync(${JSON.stringify(mode)}, 'utf8');
      if (mode === 'fail') process.exit(3);
      if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, 2000));
      const { serveGlow } = await import('${built}');
      serveGlow();`,
    );
    const starts = async () => (await readFile(log, 'utf8')).trim().split(' ').map(Number);
    await writeFile(mode, '');
    const before = process.cwd();
    process.chdir(work); // a relative script starts from here, also later
    const model = await loadGlow(fixture.directory, { ...options, worker: './own.mjs' });
    process.chdir(before);
    await writeFile(mode, 'fail');
    process.kill((await starts())[0] as number, 'SIGKILL');
    await pause(200);
    for (let tries = 0; tries < 2; tries++) await expect(model.sample()).rejects.toThrow(WorkerError);
    await pause(500);
    expect(await starts()).toHaveLength(3);
    await writeFile(mode, 'slow');
    const wait = () => model.sample({ signal: AbortSignal.timeout(200) });
    for (let tries = 0; tries < 3; tries++) {
      await expect(wait()).rejects.toMatchObject({ name: 'TimeoutError' });
      await pause(500);
    }
    expect(await model.sample()).toHaveLength(1);
    expect(await starts()).toHaveLength(4);
    await model.dispose();
  });

  test('is ended by dispose once its calls have ended, and by an abort of loading', async () => {
    const { model, pids } = await startedBy(() => loadGlow(fixture.directory, { ...options, worker: 2 }));
    expect(pids).toHaveLength(2);
    const call = model.sample({ count: 200 });
    await Promise.all([model.dispose(), model.dispose()]);
    expect(await call).toHaveLength(200);
    for (const pid of pids) expect(await hasEnded(pid)).toBe(true);
    await expect(model.sample()).rejects.toThrow('sample: this model is disposed');
    const before = await workers();
    const signal = AbortSignal.timeout(20);
    await expect(loadGlow(fixture.directory, { worker: 2, signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const started = (await workers()).filter((pid) => !before.includes(pid));
    for (const pid of started) expect(await hasEnded(pid)).toBe(true);
  });

  test('does not come back if a call is aborted and the model disposed of, however often', async () => {
    const before = await workers();
    for (let cycle = 0; cycle < 3; cycle++) {
      const model = await loadGlow(faces, { ...options, worker: true });
      const abort = new AbortController();
      const call = model.encode(busy, { signal: abort.signal, ...asTheyAre });
      await pause(100);
      abort.abort();
      await expect(call).rejects.toMatchObject({ name: 'AbortError' });
      await model.dispose();
    }
    await pause(200); // a new worker would have started by now
    for (const pid of (await workers()).filter((each) => !before.includes(each))) {
      expect(await hasEnded(pid)).toBe(true);
    }
  });

  const program = (text: string, before = '') => {
    const command = `${before}exec "$0" --input-type=module -e "$1"`;
    const child = spawn('bash', ['-c', command, process.execPath, text], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
    return { child, ended: once(child, 'close').then(([code]) => ({ code, printed })) };
  };
  const start = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { loadGlow } from '${built}';
    const model = await loadGlow(${JSON.stringify(faces)}, { worker: true, device: 'cpu', cache: false });
    console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim());`;

  test('ends with a program that forgets it, which it does not hold up', async () => {
    const { code, printed } = await program(`${start} await model.sample();`).ended;
    expect(code).toBe(0);
    expect(await hasEnded(Number(printed))).toBe(true);
  });

  test('that cannot be started for want of file descriptors fails its call, not the program', async () => {
    const { ended } = program(
      `${start}
      import { closeSync, openSync } from 'node:fs';
      const [pid] = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').split(' ').map(Number);
      const open = [];
      try { for (;;) open.push(openSync('/dev/null')); } catch {}
      const tell = ({ name, message }) => console.log(name, message);
      await loadGlow(${JSON.stringify(faces)}, { worker: true, device: 'cpu', cache: false }).catch(tell);
      process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await model.sample().catch(tell);
      open.forEach(closeSync);
      console.log((await model.sample()).length, 'picture');
      await model.dispose();`,
      'ulimit -n 200; ',
    );
    const { code, printed } = await ended;
    expect(printed).toMatch(/WorkerError loadGlow: .*EMFILE.*\nWorkerError sample: .*EMFILE.*\n1 picture/);
    expect(code).toBe(0);
  });

  test('ends with a program that is killed', async () => {
    const { child, ended } = program(`${start} await model.sample({ count: 2000 });`);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    expect(await hasEnded(Number((await ended).printed))).toBe(true);
  });
});

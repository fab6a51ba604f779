import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type GlowModel, loadGlow } from '@glow-onnx/runtime/node';
import { ray, rayPython } from '../support/machine.js';
import { BAD, expectAll, logProbsOf, type Row, writeManyPictures } from '../support/many-pictures.js';
import { describeNeeding } from '../support/needing.js';
import { endProcesses, type Started, startProcess, until } from '../support/start-process.js';

/** The programs of examples/ray on 2,000 pictures. Each job starts a Ray of its own on this machine. */
const root = resolve(__dirname, '../..');
const model = join(root, 'models/pixel-faces');
const work = mkdtempSync(join(tmpdir(), 'ray-')); // Ray's sockets lie in it, and their paths have at most 107 bytes
const [pictures, scores] = [join(work, 'pictures'), join(work, 'scores')];
jest.setTimeout(600_000);

/** A job of 20 shards. Its Ray leaves no files elsewhere, tells nobody, and does not step back for other processes. */
function start(program: string, ...args: string[]): Started {
  const env = { RAY_TMPDIR: work, RAY_USAGE_STATS_ENABLED: '0', RAY_worker_niceness: '0' };
  return startProcess(rayPython, [join(root, 'examples/ray', program), ...args], env);
}
const score = () => start('score.py', model, pictures, scores, '--shard-size', '100');

const partsIn = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.parquet')).length : 0;

/** The process ids of the actors that a job has started. */
function actorsOf(job: Started): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const processes = lines.flatMap((line) => {
    const [, pid, parent, args = ''] = /^ *(\d+) +(\d+) +(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args }];
  });
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const isOfJob = (pid: number): boolean =>
    pid > 1 && (pid === job.process.pid || isOfJob(parents.get(pid) ?? 0));
  const actors = processes.filter(({ args }) => args.startsWith('ray::') && args.includes('MapBatches'));
  return actors.map(({ pid }) => pid).filter(isOfJob);
}

interface Scored extends Row {
  readonly log_prob: number | null;
}

function rowsIn(folder: string): Scored[] {
  const read = `
import json, pathlib, pyarrow.parquet as pq, sys
for part in sorted(pathlib.Path(sys.argv[1]).glob("*.parquet")):
    for row in pq.read_table(part).to_pylist():
        print(json.dumps(row))`;
  const lines = execFileSync(rayPython, ['-c', read, folder], { encoding: 'utf8' });
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describeNeeding(ray)('examples/ray', () => {
  let glow: GlowModel;
  let names: string[];
  beforeAll(async () => {
    names = await writeManyPictures(pictures);
    glow = await loadGlow(model, { device: 'cpu' });
  });
  afterAll(async () => {
    await glow.dispose();
    await endProcesses();
    rmSync(work, { recursive: true, force: true, maxRetries: 5 }); // Ray's own processes end after the job
  });

  test('an actor is killed and the job is stopped: it goes on, and each picture has its row', async () => {
    const stopped = score();
    await until(() => partsIn(scores) > 0, stopped);
    const [actor] = actorsOf(stopped);
    process.kill(actor as number, 'SIGKILL');
    const atDeath = partsIn(scores);
    await until(() => partsIn(scores) > atDeath + 3, stopped);
    stopped.process.kill('SIGTERM');
    expect((await stopped.ended).code).not.toBe(0);
    const before = partsIn(scores);
    expect(before).toBeLessThan(20);

    const { code, out } = await score().ended;
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`of which ${before} are done\n`) });
    expect(out).toContain('20 of 20 shards\n');
    for (const name of BAD) expect(out).toContain(`bad: ${name}: `);
    expect(out).toMatch(/\n2000 pictures, 3 bad\n$/);
    expect(readdirSync(scores).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const logProbs = await logProbsOf(
      glow,
      names.map((name) => join(pictures, name)),
    );
    expectAll(rowsIn(scores), ({ log_prob }) => log_prob, logProbs);
  });

  test('other settings are not mixed into a job, and wrong arguments are explained', async () => {
    const others = join(work, 'others');
    mkdirSync(others);
    writeFileSync(join(others, 'job.json'), '{ "model": "another one" }');
    const [other, empty, wrong] = await Promise.all([
      start('score.py', model, pictures, others).ended,
      start('score.py', model, scores, join(work, 'none')).ended,
      start('sample.py', model).ended,
    ]);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('pass another folder') });
    expect(empty).toMatchObject({ code: 1, err: expect.stringContaining('has no PNG, JPEG or WebP files') });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('arguments are required: out') });
  });

  test('encode.py and sample.py: log p of the SDK, every bin back, and a seed gives the same pictures', async () => {
    const [script, out] = [join(root, 'test/support/ray-shards.py'), join(work, 'shards')];
    const images = names.slice(0, 20);
    mkdirSync(out);
    const args = [script, join(root, 'examples/ray'), model, pictures, out, ...images];
    const { code, out: said, err } = await startProcess(rayPython, args).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const found = JSON.parse(said);
    const good = images.filter((name) => name !== BAD[0]);
    const { logProb } = await glow.encode(good.map((name) => join(pictures, name)));
    expect(found).toMatchObject({ names: good, bad: { [BAD[0] as string]: expect.any(String) } });
    expect(found).toMatchObject({ logProb: Array.from(logProb), same: true });
    const [all, some] = found.samples;
    expect(Object.keys(all)).toEqual(['00000000.png', '00000001.png', '00000002.png']);
    expect(some).toEqual({ '00000001.png': all['00000001.png'], '00000002.png': all['00000002.png'] });
    expect(new Set(Object.values(all)).size).toBe(3);
  });
});

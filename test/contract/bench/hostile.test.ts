import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const root = join(__dirname, '../../..');
const kinds = 9;
let folder = '';
let model = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  model = (await writeModelFixture(tinyConfig({ channels: 1 }), 1)).directory;
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(join(model, '..'), { recursive: true, force: true });
});

function hostile(args: readonly string[], node: readonly string[] = []) {
  const script = [...node, join(root, 'bench/hostile.mjs'), ...args];
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, script, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** Sums of columns over the kinds, of a run that prints JSON. */
function sums(stdout: string, ...columns: string[]): number[] {
  const { results } = JSON.parse(stdout);
  return columns.map((column) =>
    results.reduce((total: number, row: Record<string, number>) => total + (row[column] ?? Number.NaN), 0),
  );
}

/** A preload that does this to the outputs of the encode graph, in each run of so many images. */
async function preload(images: number, statement: string): Promise<string[]> {
  const path = join(folder, 'preload.cjs');
  await writeFile(
    path,
    `const { InferenceSession } = require(${JSON.stringify(join(root, 'node_modules/onnxruntime-common'))});
    const { run } = InferenceSession.prototype;
    InferenceSession.prototype.run = async function (feeds, ...others) {
      const outputs = await run.call(this, feeds, ...others);
      if (feeds.x?.dims[0] === ${images}) { ${statement} }
      return outputs;
    };`,
  );
  return ['--require', path];
}

test.each(['fashion-mnist', 'fashion-classes'])(
  'models/%s stays finite on a few hostile images of each kind',
  async (name) => {
    const flags = ['--model', join(root, 'models', name), '--count', '40', '--reconstruct', '1', '--json'];
    const { code, stdout } = await hostile(flags);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).count).toBe(40);
    expect(sums(stdout, 'pictures', 'decoded', 'notFinite', 'lost')).toEqual([40, 40, 0, 0]);
  },
);

describe('images of which the model gives numbers that are not finite', () => {
  test.each([1, 7])('are counted, %i of a kind in a call', async (images) => {
    const spoilt = await preload(images, 'outputs.log_prob.data[0] = NaN;');
    const flags = ['--model', model, '--count', `${images * kinds}`, '--reconstruct', '0'];
    const { code, stdout } = await hostile([...flags, '--json'], spoilt);
    expect([code, ...sums(stdout, 'pictures', 'notFinite')]).toEqual([1, images * kinds, kinds]);
    const { stdout: table } = await hostile(flags, spoilt);
    expect(table).toMatch(
      images === 1 ? '| noise | 1 | 1 | – | 0 |' : /\| noise \| 7 \| 1 \| [\d.]+ \| 0 \|/,
    );
  });
});

test.each([1, 7])('another failure of a call of %i images is no count, but ends the run', async (images) => {
  const failing = await preload(images, "throw new Error('out of memory');");
  const flags = ['--model', model, '--count', `${images * kinds}`, '--json'];
  const { code, stdout, stderr } = await hostile(flags, failing);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('out of memory'),
  });
});

test.each([
  ['0.005', 9], // less than half of a picture in a batch of 64
  ['0.001', 2],
  ['0', 0],
  ['1', 1800],
])('of 1,800 images a share of %s is decoded again: %i', async (share, decoded) => {
  const flags = ['--model', model, '--count', '1800', '--reconstruct', share, '--json'];
  expect(sums((await hostile(flags)).stdout, 'pictures', 'decoded')).toEqual([1800, decoded]);
});

test('a count with less than one picture of each kind is refused', async () => {
  const { code, stdout, stderr } = await hostile(['--model', model, '--count', '8']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('hostile: --count: expected at least 9, one picture of each kind, got 8');
});

test('a model of numbers is refused', async () => {
  const numbers = await writeModelFixture(tinyConfig({ bits: 0 }), 1);
  const { code, stderr } = await hostile(['--model', numbers.directory, '--count', '9']);
  await numbers.remove();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('is a model of numbers, which takes no pictures'),
  });
});

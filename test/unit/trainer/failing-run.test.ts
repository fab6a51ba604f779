import type { OpenSession, SessionOptions } from '@glow-onnx/runtime/session';
import { glowTrain } from '../../support/glow-train.js';
import { readCheckpoint, temporaryRuns } from '../../support/training.js';

/** What the runs of ONNX Runtime to come throw, in their order; undefined: nothing. */
const mockFailures: (string | undefined)[] = [];

jest.mock('@glow-onnx/runtime/session', () => {
  const actual = jest.requireActual('@glow-onnx/runtime/session');
  return {
    ...actual,
    async openSession(options: SessionOptions): Promise<OpenSession> {
      const opened: OpenSession = await actual.openSession(options);
      return {
        ...opened,
        run(...given) {
          const failure = mockFailures.shift();
          return failure === undefined ? opened.run(...given) : Promise.reject(new Error(failure));
        },
      };
    },
  };
});

const runAt = temporaryRuns();
const data = ['--data', 'models/pixel-faces/faces.json', '--limit', '40'];
const flags = [
  ...['--steps', '1', '--hidden', '8', '--bits', '5', '--batch', '8', '--epochs', '2', '--device', 'cpu'],
];
/** What runs before the first step: data-dependent initialisation, and validation of four pictures. */
const before = [undefined, undefined];

async function run(out: string, ...argv: string[]) {
  const { code, stdout, stderr } = await glowTrain(...data, '--out', out, ...argv);
  return { code, last: stderr.split('\n').at(-2), stdout };
}

test.each([
  {
    failure:
      'running Gemm node. Status Message: /onnxruntime/bfc_arena.cc:360 void* Raw(size_t, bool)\n Failed to allocate memory',
    said: 'training: gradient of 8 images on cpu: out of memory; pass fewer images at once (a smaller --batch, or --accumulate)',
    again: ['--accumulate', '2'],
  },
  {
    failure: 'WebGPU device lost (1): The GPU process has ended.\n',
    said: 'training: gradient of 8 images on cpu: the GPU was lost; continue from the last checkpoint (--resume)',
    again: ['--device', 'cpu'],
  },
])(
  'a run that fails on its way says so in one line, and goes on: $said',
  async ({ failure, said, again }) => {
    const out = runAt(said);
    mockFailures.push(...before, undefined, undefined, failure);
    const failed = await run(out, ...flags);
    expect(failed).toEqual({ code: 1, stdout: '', last: expect.stringContaining(`glow-train: ${said}`) });
    expect(mockFailures).toEqual([]);
    expect((await readCheckpoint(out, 'last')).progress?.step).toBe(0); // of the run's start
    const { code, stdout } = await run(out, '--resume', ...again);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('all epochs done: 8 steps'),
    });
  },
);

test('a run that fails before its first step leaves a folder to start in again', async () => {
  const out = runAt('at once');
  mockFailures.push('std::bad_alloc');
  const failed = await run(out, ...flags);
  expect(failed).toMatchObject({
    code: 1,
    last: expect.stringContaining('initialise of 8 images on cpu: out of'),
  });
  expect(await run(out, ...flags)).toMatchObject({ code: 0 });
});

import { diagnose } from '@glow-onnx/runtime';

const variable = 'NVIDIA_TF32_OVERRIDE';
const before = process.env[variable];

/** CUDA's sessions as a fresh process has them, and what the libraries would read when one is opened. */
async function fresh() {
  jest.resetModules();
  delete process.env[variable];
  const { cudaSessions } = await import('../../../packages/runtime/src/node/tf32.js');
  const read: (string | undefined)[] = [];
  const factory = (works: boolean) => ({
    async create() {
      read.push(process.env[variable]);
      if (!works) throw new Error('Failed to load shared library');
      return {} as never;
    },
  });
  const open = async (allowTf32: boolean, works = true) =>
    cudaSessions(factory(works), allowTf32).create('graph.onnx');
  return { open, read };
}

afterAll(() => {
  if (before === undefined) delete process.env[variable];
  else process.env[variable] = before;
});

describe('TF32 on cuda', () => {
  test('is off, unless asked for, before a session is opened', async () => {
    const off = await fresh();
    await off.open(false);
    const on = await fresh();
    await on.open(true);
    expect([off.read, on.read]).toEqual([['0'], [undefined]]);
  });

  test.each([true, false])('cannot be changed once a session with %s is open', async (first) => {
    const { open } = await fresh();
    await open(first);
    await expect(open(!first)).rejects.toThrow(`device "cuda": allowTf32: ${!first} comes too late`);
    await open(first);
  });

  test('that the environment decides stays: off is an error for those who ask for it, on is theirs', async () => {
    const { open, read } = await fresh();
    process.env[variable] = '0';
    await expect(open(true)).rejects.toThrow('comes too late');
    process.env[variable] = '1';
    await open(false);
    expect(read).toEqual(['1']);
  });

  test('leaves no trace in the environment where CUDA cannot be loaded', async () => {
    const { open } = await fresh();
    await expect(open(false, false)).rejects.toThrow('Failed to load shared library');
    expect(process.env[variable]).toBeUndefined();
    await diagnose();
    expect(process.env[variable]).toBeUndefined();
  });
});

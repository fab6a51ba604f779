import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { diagnose } from '@glow-onnx/runtime';
import { main } from '../../../packages/runtime/src/cli/main.js';
import { canCompileWasm } from '../../../packages/runtime/src/sessions/can-compile-wasm.js';
import { alterFile, shiftGolden } from '../../support/altered-folder.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig();
let sound: ModelFixture;
let parent: string;
let wrong: string;
beforeAll(async () => {
  sound = await writeModelFixture(config, 3);
  parent = await mkdtemp(join(tmpdir(), 'glow-diagnose-'));
  wrong = join(parent, 'wrong');
  await cp(sound.directory, wrong, { recursive: true });
  await alterFile(wrong, 'golden.safetensors', (bytes) => shiftGolden(bytes, 'decode.x', 0.1));
});
afterAll(async () => {
  await sound.remove();
  await rm(parent, { recursive: true });
});

async function glow(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text), isTTY: false },
  };
  const code = await main(argv, '0.0.0', terminal as never);
  return { code, out: out.join(''), err: err.join('') };
}

describe('diagnose', () => {
  test('names the versions, what is installed and what works, and why the rest does not', async () => {
    const { version } = JSON.parse(
      await readFile(resolve(__dirname, '../../../packages/runtime/package.json'), 'utf8'),
    );
    const found = await diagnose();
    expect(found).toMatchObject({ version, wasm: true, auto: 'cpu' });
    expect(found.host).toBe(`Node ${process.versions.node} on ${process.platform} ${process.arch}`);
    expect(found.threads).toBeGreaterThan(0);
    expect(found.cache).toContain('glow-onnx');
    expect(found.devices.map(({ device }) => device)).toEqual(['cuda', 'webgpu', 'cpu', 'wasm']);
    const [cuda, , cpu, wasm] = found.devices;
    expect(cuda).toMatchObject({
      bundled: false,
      works: false,
      reason: expect.stringMatching(/^device "cuda" is not available .*pass device: "cpu"/),
    });
    expect(cpu).toMatchObject({
      bundled: true,
      works: true,
      runtime: expect.stringMatching(/^onnxruntime-node 1/),
    });
    expect(wasm).toMatchObject({
      bundled: true,
      works: true,
      runtime: expect.stringMatching(/^onnxruntime-web 1/),
    });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test('sends the golden images of a model through every device that works', async () => {
    const { devices } = await diagnose({ model: sound.directory });
    for (const { works, selfTest } of devices) {
      expect(selfTest?.passed).toBe(works || undefined);
      if (works) expect(selfTest?.measured.every(({ value, tolerance }) => value <= tolerance)).toBe(true);
    }
  });

  test('says which claim a device fails, and takes no such device for auto', async () => {
    const { devices, auto } = await diagnose({ model: wrong });
    expect(auto).toBeUndefined();
    const failed = devices[2]?.selfTest?.measured.filter(({ value, tolerance }) => !(value <= tolerance));
    expect(failed?.map(({ claim }) => claim)).toEqual(['decode against float64: error of x']);
  });

  test('knows that WebAssembly may be compiled, and where it may not', () => {
    expect(canCompileWasm()).toBe(true);
    const module = jest.spyOn(WebAssembly, 'Module').mockImplementation(() => {
      throw new WebAssembly.CompileError('blocked by CSP');
    });
    expect(canCompileWasm()).toBe(false);
    module.mockRestore();
  });
});

describe('glow doctor', () => {
  test('prints what works, line by line', async () => {
    const { code, out } = await glow('doctor', sound.directory);
    expect(code).toBe(0);
    expect(out).toMatch(/^glow-onnx {3}\d+\.\d+\.\d+\nhost {8}Node /);
    expect(out).toMatch(/\nauto takes {2}cpu\n\ncuda is not installed\n {2}.*pass --device "cpu"/);
    expect(out).toMatch(
      /\n\ncpu works\n {2}onnxruntime-node .*\n {2}correct: encode against float64: error of z/,
    );
  });

  test('prints JSON', async () => {
    const { code, out } = await glow('doctor', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ auto: 'cpu', devices: [{ device: 'cuda' }, {}, {}, {}] });
  });

  test('fails for a model that no device computes rightly, and for a folder that is none', async () => {
    const damaged = await glow('doctor', wrong);
    expect(damaged).toMatchObject({
      code: 1,
      err: 'glow: no device works on this system; the report above gives the reasons\n',
    });
    expect(damaged.out).toContain(
      'WRONG: decode against float64: error of x is 1.0e-1, expected at most 1e-4',
    );
    expect(await glow('doctor', parent)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('manifest.json'),
    });
  });
});

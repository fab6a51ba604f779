import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGlow, encode, type Float64Tensor, float64Ops, forwardWeights } from '@glow-onnx/flow';
import { openSession } from '@glow-onnx/runtime/session';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { main } from '../../../packages/exporter/src/main.js';
import { goldenFiles, readGolden } from '../../support/golden-files.js';
import { relativeError } from '../../support/numeric.js';

/** Float32 rounds to 6e-8; these four or six steps leave 3e-7, and other CPUs may add in another order. */
const FLOAT32_TOLERANCE = 3e-6;

describe.each(goldenFiles)('glow-export --from $layout, $file', ({ file, layout }) => {
  const golden = readGolden(file);
  const folder = mkdtempSync(join(tmpdir(), 'glow-import-'));
  const weights = join(folder, 'weights.safetensors');
  const model = join(folder, 'model');
  const printed: string[] = [];
  const terminal = {
    stdout: { write: (t: string) => printed.push(t) },
    stderr: { write: (t: string) => printed.push(t) },
  };

  beforeAll(async () => {
    writeFileSync(weights, golden.bytes);
    const { height, width } = golden.metadata;
    const argv = [weights, '--from', layout, '--size', `${height}x${width}`, '--bits', '6', '--out', model];
    const code = await main(argv, '0.0.0', terminal);
    expect(`${code} ${printed.join('')}`).toMatch(/^0 not part of the flow, left out: .*\n.*, 6 bits, /);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(graph: string, feeds: Record<string, Float64Tensor>) {
    const session = await openSession({ model: join(model, `onnx/${graph}.onnx`), device: 'cpu' });
    try {
      const inputs = Object.entries(feeds).map(([name, { shape, data }]) => [
        name,
        { shape, data: Float32Array.from(data) },
      ]);
      return await session.run(Object.fromEntries(inputs));
    } finally {
      await session.release();
    }
  }

  it('decodes in ONNX Runtime to the reference image', async () => {
    const latents = golden.list(layout === 'tutorial' ? 'decode.z' : 'decode.eps');
    const { x } = await run('decode', Object.fromEntries(latents.map((z, level) => [`z${level}`, z])));
    const expected = golden.get('expect.decode.x');
    expect(x.shape).toEqual(expected.shape);
    expect(relativeError(x.data, expected.data)).toBeLessThan(FLOAT32_TOLERANCE);
  });

  it('encodes in ONNX Runtime to the reference log density and latents', async () => {
    const x = golden.get('x');
    const encoded = await run('encode', { x });
    const logDet = golden.get('expect.encode.log_det').data;
    const logProb = golden.has('expect.encode.log_prob')
      ? golden.get('expect.encode.log_prob').data
      : golden.get('expect.encode.log_p_z').data.map((value, i) => value + logDet[i]);
    expect(relativeError(encoded.log_prob.data, logProb)).toBeLessThan(FLOAT32_TOLERANCE);

    // The file's latents are not standardised; the float64 interpreter's are, and golden.test.ts holds it to them.
    const { config, params } = importWeights(golden.bytes, layout);
    const { latents } = encode(
      createGlow(config),
      float64Ops,
      x,
      forwardWeights(createGlow(config), float64Ops, params),
    );
    const expected = layout === 'tutorial' ? golden.list('expect.encode.z') : latents;
    expected.forEach((z, level) => {
      expect(relativeError(encoded[`z${level}`].data, z.data)).toBeLessThan(FLOAT32_TOLERANCE);
    });
  });

  it('leaves a model folder with the inferred config and no training facts', () => {
    const { config, training } = JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8'));
    expect(config).toEqual({
      ...importWeights(golden.bytes, layout).config,
      bits: 6,
      height: Number(golden.metadata.height),
      width: Number(golden.metadata.width),
    });
    expect(training).toBeNull();
  });

  it('says what is wrong with a file in one line, and leaves nothing', async () => {
    const truncated = join(folder, 'truncated.safetensors');
    writeFileSync(truncated, golden.bytes.subarray(0, 20_000));
    printed.length = 0;
    const out = join(folder, 'none');
    expect(await main([truncated, '--from', layout, '--out', out], '0.0.0', terminal)).toBe(1);
    expect(printed.join('')).toMatch(/^glow-export: .*truncated\.safetensors: safetensors: .*cut short\n$/);
    expect(existsSync(out)).toBe(false);
  });
});

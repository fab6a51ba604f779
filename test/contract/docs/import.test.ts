import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../../packages/exporter/src/main.js';
import { readGolden } from '../../support/golden-files.js';

/** What docs/import.md tells people to type, in its order. */
const root = join(__dirname, '../../..');
const doc = readFileSync(join(root, 'docs/import.md'), 'utf8');
const blocks = (language: string) =>
  [...doc.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, text]) => text as string);
const commands = blocks('sh').map((text) => text.trim().split(' '));
const [runtime, plain] = blocks('js');

/** Float32 on the way there and back: at most 1e-6 of x here. */
const ROUND_TRIP = 1e-5;

const folder = mkdtempSync(join(tmpdir(), 'glow-import-doc-'));
afterAll(() => rmSync(folder, { recursive: true }));

const golden = { tutorial: 'tutorial-rgb-8x8-l2-k2', port: 'port-rgb-8x8-l2-k2-affine' } as const;

describe.each(['tutorial', 'port'] as const)('docs/import.md for the layout %s', (layout) => {
  const model = join(folder, layout);
  const weights = join(folder, `${layout}.safetensors`);
  const places: Record<string, string> = { 'weights.safetensors': weights, 'my-model': model };

  async function type(command: readonly string[]) {
    const printed: string[] = [];
    const out = { write: (text: string) => printed.push(text) };
    const argv = command.slice(2).map((word) => places[word] ?? word);
    return { code: await main(argv, '0.0.0', { stdout: out, stderr: out }), printed: printed.join('') };
  }

  test('has commands that export and verify', async () => {
    writeFileSync(weights, readGolden(golden[layout]).bytes);
    const [exporting] = commands.filter((words) => words.includes(layout));
    const [verifying] = commands.filter((words) => words.includes('verify'));
    expect(await type(exporting as string[])).toMatchObject({ code: 0 });
    expect(await type(verifying as string[])).toMatchObject({ code: 0 });
  });

  /** Runs a block of the page in Node, with the model's own place, and what it prints then. */
  function runBlock(block: string | undefined, check: string) {
    const script = join(root, 'out', `import-doc-${layout}-${process.pid}.mjs`); // in the repository, to find packages
    mkdirSync(join(root, 'out'), { recursive: true });
    const code = (block as string).replace(/'\/my-model/, `'${model}`);
    expect(code).not.toBe(block);
    writeFileSync(script, code + check);
    try {
      const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
      expect(stderr).toBe('');
      return JSON.parse(stdout);
    } finally {
      rmSync(script);
    }
  }

  test('has JavaScript that encodes and decodes in onnxruntime-web', () => {
    const check = `
      const error = Math.max(...restored.x.data.map((value, i) => Math.abs(value - x[i])));
      console.log(JSON.stringify({ error, logProb: log_prob.data[0], z: Object.keys(z) }));`;
    const { error, logProb, z } = runBlock(plain, check);
    expect(error).toBeLessThan(ROUND_TRIP);
    expect(Number.isFinite(logProb)).toBe(true);
    expect(z).toEqual(['z0', 'z1']);
  });

  test("has JavaScript that gives an image back in this project's runtime", () => {
    const check = `
      const { width, height, data } = image;
      console.log(JSON.stringify({ width, height, same: data.every((p, i) => p === same.data[i]), logProb: [...logProb] }));
      await glow.dispose();`;
    const [, height, width] = /--size (\d+)x(\d+)/.exec(doc.slice(doc.indexOf(`--from ${layout}`))) ?? [];
    expect(runBlock(runtime, check)).toEqual({
      width: Number(width),
      height: Number(height),
      same: true,
      logProb: [expect.any(Number)],
    });
  });
});

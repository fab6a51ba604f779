import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow, parseManifest } from '@glow-onnx/flow';
import { binToModel } from '@glow-onnx/flow/internal';
import { openSession } from '@glow-onnx/runtime/session';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

const base = tinyConfig({ width: 16, steps: 1 });
const conditional = tinyConfig({ width: 16, steps: 1, prior: 'learned', classes: 3, channels: 1, bits: 8 });

const parent = mkdtempSync(join(tmpdir(), 'glow-card-'));
afterAll(() => rmSync(parent, { recursive: true }));

describe.each([
  { name: 'colour, 5 bits', config: base, license: 'CC0-1.0' },
  { name: 'grey, 8 bits, classes', config: conditional, license: undefined },
])('the card of a model ($name)', ({ name, config, license }) => {
  const out = join(parent, name);
  let card = '';
  let python = '';
  beforeAll(async () => {
    const params = randomParams(createGlow(config), 9);
    await exportModel({ config, params, initialised: true }, { out, ...(license && { license }) });
    card = readFileSync(join(out, 'README.md'), 'utf8');
    python = /```python\n([^`]*)```/.exec(card)?.[1] ?? '';
  });

  test('begins with front matter that a hub reads: licence, library, task, tags', () => {
    const [, front] = /^---\n([\s\S]*?)\n---\n/.exec(card) ?? [];
    const fields = Object.fromEntries(
      (front ?? '').split('\n').map((line) => line.split(/: (.*)/).slice(0, 2)),
    );
    expect(fields).toEqual({
      ...(license && { license: '"cc0-1.0"' }),
      library_name: 'onnx',
      pipeline_tag: 'unconditional-image-generation',
      tags: expect.stringContaining('normalizing-flow'),
    });
  });

  test('lists the sha256 of every file that the manifest lists', () => {
    const { files } = parseManifest(readFileSync(join(out, 'manifest.json'), 'utf8'));
    for (const { path, sha256 } of files)
      expect(card).toMatch(new RegExp(`^\\| ${path} \\| [\\d,]+ \\| ${sha256} \\|$`, 'm'));
  });

  test('has ten lines of Python that turn pixels into x as this library does', () => {
    const [, divisor, bins] = /^x = \(\(pixels \/\/ (\d+)\) \+ 0\.5\) \/ (\d+) - 0\.5$/m.exec(python) ?? [];
    for (let p = 0; p < 256; p++) {
      const x = (Math.floor(p / Number(divisor)) + 0.5) / Number(bins) - 0.5;
      expect(x).toBe(binToModel(p >> (8 - config.bits), config.bits));
    }
    expect(python.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
  });

  test('has Python that feeds and unpacks what the encode graph takes and gives', async () => {
    const { session, release } = await openSession({ model: join(out, 'onnx/encode.onnx') });
    const [, unpacked] = /^(.*) = session\.run\(None, feeds\)$/m.exec(python) ?? [];
    expect(unpacked?.split(', ')).toEqual([...session.outputNames]);
    const fed = [...python.matchAll(/\{"(\w+)":|feeds\["(\w+)"\]/g)].map(
      ([, first, later]) => first ?? later,
    );
    expect(fed).toEqual([...session.inputNames]);
    await release();
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { browserCodec as BrowserCodec } from '../../../packages/runtime/src/browser/images.js';
import { type RawImage, withChannels } from '../../../packages/runtime/src/pictures/images.js';
import { worstDifference } from '../../support/picture-cases.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

declare const browserCodec: typeof BrowserCodec;

/** The time for all images: one half in Node, one half in the browser. The images are the same in every run. */
const budgetSeconds = 60;
/** Fewer would not be a test. Quiet machines read some thousands. */
const leastImages = 100;
/** A canvas rounds half-transparent colours twice: when it multiplies them by alpha, and when it divides again. */
const webpLevels = 2;

const root = join(__dirname, '../../..');

/** An image of the fuzz and what Node reads from it: pixels in base64, or why not. */
interface FuzzCase {
  readonly name: string;
  readonly format: 'png' | 'jpeg' | 'webp';
  readonly bytes: string;
  readonly read: (Omit<RawImage, 'data'> & { readonly data: string }) | { readonly refused: string };
}

type Reading = RawImage | { readonly refused: string };

describeBrowser('random images, right and damaged', () => {
  const browser = useBrowser();
  const folder = mkdtempSync(join(tmpdir(), 'glow-picture-fuzz-'));
  const saved = join(folder, 'images.json');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are read alike in Node with sharp and without it, or refused in both', async () => {
    const args = ['--seconds', String(budgetSeconds / 2), '--save', saved, '--list'];
    const run = promisify(execFile)('node', [join(root, 'bench/attack/pictures.mjs'), ...args]);
    const result = await run.then(
      () => 'all agree',
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
    expect(result).toBe('all agree');
  }, 120_000);

  test('are read in the browser as in Node, or refused in both', async () => {
    const cases = JSON.parse(readFileSync(saved, 'utf8')) as FuzzCase[];
    const end = Date.now() + (budgetSeconds / 2) * 1000;
    const differing: string[] = [];
    let count = 0;
    for (; count < cases.length && Date.now() < end; count += 50) {
      const batch = cases.slice(count, count + 50);
      const readings = await browser.run(
        readAll,
        batch.map(({ bytes }) => new Uint8Array(Buffer.from(bytes, 'base64'))),
      );
      for (const [i, item] of batch.entries()) {
        const difference = differenceOf(item, readings[i] as Reading);
        if (difference) differing.push(`${count + i}: ${item.name}: ${difference}`);
      }
    }
    expect(differing).toEqual([]);
    expect(count).toBeGreaterThan(leastImages);
  }, 120_000);
});

/** Runs in the page. Of a large image some pixels are enough: the same as in bench/attack/decode-pictures.mjs. */
async function readAll({ arg }: { arg: Uint8Array[] }): Promise<Reading[]> {
  const codec = browserCodec({ maxPixels: 2 ** 26, maxBytes: 2 ** 28 });
  const readings: Reading[] = [];
  for (const bytes of arg) {
    try {
      const { data, width, height, channels } = await codec.read(bytes);
      const every = Math.ceil((width * height) / 2 ** 16);
      const sample: number[] = [];
      for (let at = 0; at < data.length; at += every * channels)
        sample.push(...data.subarray(at, at + channels));
      readings.push({ data: Uint8Array.from(sample), width, height, channels });
    } catch (error) {
      readings.push({ refused: String(error) });
    }
  }
  return readings;
}

/** What differs between Node and the browser; undefined if nothing does. */
function differenceOf({ format, read }: FuzzCase, there: Reading): string | undefined {
  if ('refused' in read || 'refused' in there) {
    if ('refused' in read && 'refused' in there) return undefined;
    return 'refused' in read
      ? `Node refuses it: ${read.refused}`
      : `the browser refuses it: ${(there as { refused: string }).refused}`;
  }
  const here = { ...read, data: new Uint8Array(Buffer.from(read.data, 'base64')) };
  if (here.width !== there.width || here.height !== there.height) return 'another size';
  const [a, b] = [here, there].map((image) => [...withChannels(image, 3, 'fuzz').data]) as [
    number[],
    number[],
  ];
  const worst = worstDifference(a, b);
  return worst <= (format === 'webp' ? webpLevels : 0) ? undefined : `${worst} levels`;
}

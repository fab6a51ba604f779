import { mkdtempSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, createRandom, type GlowConfig, parseCheckpoint } from '@glow-onnx/flow';
import sharp from 'sharp';
import { createDataset, type Dataset } from '../../packages/trainer/src/data/dataset.js';
import { pixelsOf } from '../../packages/trainer/src/data/pixel-store.js';
import { tinyConfig } from './tiny-config.js';

/** A model small enough to train for some epochs within a test. */
export const rampsConfig: GlowConfig = tinyConfig({ channels: 1 });

export const tinySettings = { batch: 8, epochs: 2, rate: 5e-3, warmup: 4, valFraction: 0.2, seed: 3 };

/** Grey ramps of random slope, upright or lying (label `way`), with a little noise: easy to find structure in. */
export function ramps(count = 50): Dataset {
  const random = createRandom(11);
  const way = Uint16Array.from({ length: count }, (_, i) => i % 2);
  const pixels = Uint8Array.from({ length: count * 64 }, () => 0);
  for (let i = 0; i < count; i++) {
    const slope = 10 + 20 * random.uniform();
    for (let at = 0; at < 64; at++) {
      const along = way[i] === 0 ? Math.floor(at / 8) : at % 8;
      pixels[i * 64 + at] = Math.min(255, 20 + slope * along + 8 * random.uniform());
    }
  }
  const labels = { way: { values: ['upright', 'lying'], indices: way } };
  return createDataset({
    name: 'ramps',
    channels: 1,
    height: 8,
    width: 8,
    pixels: pixelsOf(pixels, 64),
    labels,
  });
}

/**
 * The path of a sheet that is there while tests run: the first row of the sheet of models/pixel-faces, 160 faces. All 20,000
 * faces take longer to read than a few steps of training.
 */
export function rowOfFaces(): string {
  const folder = mkdtempSync(join(process.env.TEST_RUN as string, 'faces-'));
  const path = join(folder, 'faces.json');
  beforeAll(async () => {
    const sheet = JSON.parse(await readFile('models/pixel-faces/faces.json', 'utf8'));
    const count: number = sheet.columns;
    const labels = Object.entries<{ indices: string }>(sheet.labels).map(([name, label]) => [
      name,
      { ...label, indices: label.indices.slice(0, count) },
    ]);
    await writeFile(path, JSON.stringify({ ...sheet, count, labels: Object.fromEntries(labels) }));
    const row = { left: 0, top: 0, width: count * sheet.tile.width, height: sheet.tile.height };
    await sharp('models/pixel-faces/faces.png').extract(row).png().toFile(join(folder, sheet.image));
  });
  return path;
}

/** In this file, lets minutes pass at once: it sets the clock of runs forward. */
export function clockOfRuns(): (minutes: number) => void {
  const now = performance.now.bind(performance);
  let ahead = 0;
  beforeAll(() => {
    jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
  });
  afterAll(() => jest.restoreAllMocks());
  return (minutes) => {
    ahead += 60_000 * minutes;
  };
}

/** Names for run folders, all gone after the test file. */
export function temporaryRuns(): (name: string) => string {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'glow-train-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  return (name) => join(root, name);
}

export async function readCheckpoint(run: string, name: string): Promise<Checkpoint> {
  return parseCheckpoint(await readFile(join(run, `${name}.safetensors`)));
}

/** The lines of metrics.jsonl. */
export async function readMetrics(run: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

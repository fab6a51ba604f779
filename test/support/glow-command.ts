import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { type GlowModel, loadGlow, type RawImage, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { main } from '../../packages/runtime/src/cli/main.js';
import { type ModelFixture, writeModelFixture } from './model-fixture.js';
import { tinyConfig } from './tiny-config.js';

export const config = tinyConfig();
let fixture: ModelFixture;
export let model: GlowModel;
export let work: string;
export let folder: string;
export let images: RawImage[];

/** Exports a model, loads it and writes two images, for the tests of this file. */
export function useGlowCommand(): void {
  beforeAll(async () => {
    fixture = await writeModelFixture(config, 17);
    folder = fixture.directory;
    model = await loadGlow(folder);
    work = await mkdtemp(join(tmpdir(), 'glow-cli-'));
    images = [0, 1].map((index) => {
      const random = createRandom(19, index);
      const data = Uint8Array.from({ length: 192 }, () => random.below(256));
      return { data, height: 8, width: 8, channels: 3 };
    });
    for (const [i, image] of images.entries()) await writePng(at(`${i}.png`), image);
  });
  afterAll(async () => {
    await model.dispose();
    await fixture.remove();
    await rm(work, { recursive: true });
  });
}

export const at = (name: string) => join(work, name);
export const bins = (data: Uint8Array) => [...data].map((p) => p >> 3);
export async function pixels(path: string): Promise<Uint8Array> {
  return sharp(path).raw().toBuffer();
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process. */
export const glow = (...argv: string[]): Promise<Outcome> => glowUntil(undefined, ...argv);
export async function glowUntil(signal: AbortSignal | undefined, ...argv: string[]): Promise<Outcome> {
  let [out, err] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const code = await main(argv, '1.2.3', terminal, signal);
  return { code, out, err };
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, createGlow, parseManifest } from '@glow-onnx/flow';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** A small model whose images are not square. */
export const config = tinyConfig({ width: 16 });

export const checkpoint: Checkpoint = {
  config,
  params: randomParams(createGlow(config), 51),
  initialised: true,
  training: { dataset: 'noise', steps: 12, bitsPerDim: 4.25, histogram: { from: 1, counts: [1, 2] } },
};

export const manifestOf = (model: string) =>
  parseManifest(readFileSync(join(model, 'manifest.json'), 'utf8'));

/** A new folder for each test; the function gives paths inside it. */
export function temporaryFolder(): (...parts: string[]) => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'glow-export-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  return (...parts) => join(folder, ...parts);
}

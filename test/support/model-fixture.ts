import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExportOptions, exportModel } from '@glow-onnx/exporter';
import { createGlow, type GlowConfig } from '@glow-onnx/flow';
import { createOracle, type Oracle } from './oracle.js';
import { randomParams } from './random-params.js';

/** A model folder on disk, and the same model in float64. */
export interface ModelFixture {
  readonly directory: string;
  readonly oracle: Oracle;
  remove(): Promise<void>;
}

/** Exports a random model, no parameter zero, to a temporary folder. */
export async function writeModelFixture(
  config: GlowConfig,
  seed: number,
  options: Partial<ExportOptions> = {},
): Promise<ModelFixture> {
  const parent = await mkdtemp(join(tmpdir(), 'glow-model-'));
  const directory = join(parent, 'model');
  const params = randomParams(createGlow(config), seed);
  await exportModel({ config, params, initialised: true }, { ...options, out: directory });
  return {
    directory,
    oracle: createOracle(config, seed),
    remove: () => rm(parent, { recursive: true }),
  };
}

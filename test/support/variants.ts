import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput, GlowConfig, PresetName } from '@glow-onnx/flow';
import { tinyConfig } from './tiny-config.js';

/** A whole-model variant that every interpreter has to agree on. */
export interface Variant {
  readonly name: string;
  readonly config: GlowConfig;
}

interface Row {
  readonly name: string;
  readonly preset?: PresetName;
  /** What it changes of a tiny model. */
  readonly input: Partial<ConfigInput>;
}

// Plain data, because bench/gpu, which needs nothing but Node, checks them on GPUs.
const rows: readonly Row[] = JSON.parse(readFileSync(join(__dirname, 'variants.json'), 'utf8'));

/** Each choice of the config at least once, colour counts and sizes that are not square included. */
export const variants: readonly Variant[] = rows.map(({ name, preset, input }) => ({
  name,
  config: tinyConfig(input, preset),
}));

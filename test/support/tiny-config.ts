import { type ConfigInput, createConfig, type GlowConfig, type PresetName } from '@glow-onnx/flow';

/** A config that a test can train, export and run within a second: 8×8 pixels in colour, two levels of two steps. */
export function tinyConfig(choices: Partial<ConfigInput> = {}, preset?: PresetName): GlowConfig {
  const tiny = { channels: 3, height: 8, width: 8, levels: 2, steps: 2, hiddenChannels: 8, bits: 5 };
  return createConfig({ ...tiny, ...choices }, preset);
}

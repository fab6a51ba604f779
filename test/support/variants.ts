import type { ConfigInput, GlowConfig, PresetName } from '@glow-onnx/flow';
import { tinyConfig } from './tiny-config.js';

/** A whole-model variant that every interpreter has to agree on. */
export interface Variant {
  readonly name: string;
  readonly config: GlowConfig;
}

function variant(name: string, input: Partial<ConfigInput> = {}, preset?: PresetName): Variant {
  return { name, config: tinyConfig(input, preset) };
}

/** Each choice of the config at least once, colour counts and sizes that are not square included. */
export const variants: readonly Variant[] = [
  variant('tutorial'),
  variant('port', {}, 'port'),
  variant('openai', {}, 'openai'),
  variant('bounded', {}, 'bounded'),
  variant('grey, three levels, 16×8', { channels: 1, levels: 3, height: 16 }),
  variant('two channels, one level', { channels: 2, levels: 1 }),
  variant('four channels, 8×4', { channels: 4, height: 8, width: 4 }),
  variant('full 1×1 convolution', { conv1x1: 'full' }),
  variant('shuffled channels', { conv1x1: 'shuffle' }),
  variant('reversed channels', { conv1x1: 'reverse' }),
  variant('sigmoid coupling, interleaved', { coupling: 'sigmoid', parameterOrder: 'interleaved' }),
  variant('additive coupling', { coupling: 'additive' }),
  variant('split latent second', { splitLatent: 'second' }),
  variant('padding with ones', { padding: 'ones' }),
  variant('border channel', { padding: 'border' }),
  variant('border channel, four channels', { padding: 'border', channels: 4 }),
  variant('hidden actnorm and output gain', { hiddenActnorm: true, outputGain: true }),
  variant('learned prior per channel, 8×12', { prior: 'learned', height: 8, width: 12 }),
  variant('learned prior, grey', { prior: 'learned', channels: 1 }),
  variant('learned prior of zeros padded with ones', { prior: 'learned', topPrior: 'conv', padding: 'ones' }),
  variant('logit of pixels', { logitRange: 0.3 }),
  variant('rectified input, 6 channels', { inputRelu: true, channels: 3 }),
  variant('rectified input, border channel, hidden actnorm', {
    inputRelu: true,
    padding: 'border',
    hiddenActnorm: true,
  }),
  variant('residual hidden layer', { hiddenLayer: 'residual' }),
  variant('gated hidden layer, hidden actnorm', { hiddenLayer: 'gated' }, 'bounded'),
  variant('scaled tanh coupling, 8×12', { coupling: 'scaled-tanh', height: 8, width: 12 }),
  variant('class-conditional', { prior: 'learned', classes: 3 }),
  variant('class-conditional at all levels', { prior: 'learned', classes: 3, splitClasses: true }),
  variant('class-conditional at all levels, interleaved', { classes: 3, splitClasses: true }, 'openai'),
  variant('class-conditional, with a border', { classes: 3, channels: 1 }, 'openai'),
  variant('numbers, five channels, 8×4', { bits: 0, channels: 5, width: 4 }),
  variant('four times as many hidden channels as outputs', { hiddenChannels: 48 }),
  variant('many hidden channels, additive, padded with ones', {
    hiddenChannels: 48,
    coupling: 'additive',
    padding: 'ones',
  }),
  variant('many hidden channels, grey, with a border', { hiddenChannels: 32, channels: 1 }, 'openai'),
];

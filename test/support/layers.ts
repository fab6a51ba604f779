import type { GlowConfig, Layer } from '@glow-onnx/flow';
import { actnorm } from '../../packages/flow/src/layers/actnorm.js';
import { affineCoupling } from '../../packages/flow/src/layers/affine-coupling.js';
import { invertibleConv } from '../../packages/flow/src/layers/invertible-conv.js';
import { logit } from '../../packages/flow/src/layers/logit.js';
import { squeeze } from '../../packages/flow/src/layers/squeeze.js';
import { tinyConfig } from './tiny-config.js';

/** A layer that every interpreter has to agree on, and the image channels it is given. */
export interface LayerCase {
  readonly name: string;
  readonly layer: Layer;
  readonly channels: number;
}

function coupling(options: Partial<GlowConfig>, channels = 4): Omit<LayerCase, 'name'> {
  const config = tinyConfig({ height: 4, width: 6, levels: 1, hiddenChannels: 4, ...options });
  return { layer: affineCoupling(config, channels), channels };
}

/** One row a layer; a new layer gets its row here and is tested like the others. */
export const layerCases: readonly LayerCase[] = [
  { name: 'actnorm', layer: actnorm(3), channels: 3 },
  { name: 'invertible 1×1 convolution, LU', layer: invertibleConv('lu', 4), channels: 4 },
  { name: 'invertible 1×1 convolution, full', layer: invertibleConv('full', 4), channels: 4 },
  { name: 'shuffle', layer: invertibleConv('shuffle', 5), channels: 5 },
  { name: 'reverse', layer: invertibleConv('reverse', 4), channels: 4 },
  { name: 'logit', layer: logit(0.1), channels: 3 },
  { name: 'squeeze', layer: squeeze, channels: 3 },
  { name: 'coupling, tanh', ...coupling({ coupling: 'tanh' }) },
  { name: 'coupling, sigmoid', ...coupling({ coupling: 'sigmoid' }) },
  { name: 'coupling, bounded', ...coupling({ coupling: 'bounded' }) },
  { name: 'coupling, additive', ...coupling({ coupling: 'additive' }) },
  { name: 'coupling, scaled tanh', ...coupling({ coupling: 'scaled-tanh' }) },
  { name: 'coupling, rectified input', ...coupling({ inputRelu: true, hiddenActnorm: true }) },
  { name: 'coupling, residual hidden layer', ...coupling({ hiddenLayer: 'residual' }) },
  { name: 'coupling, gated hidden layer', ...coupling({ hiddenLayer: 'gated', hiddenActnorm: true }) },
  { name: 'coupling, 12 channels', ...coupling({}, 12) },
  { name: 'coupling, interleaved', ...coupling({ coupling: 'sigmoid', parameterOrder: 'interleaved' }) },
  { name: 'coupling, padded with ones', ...coupling({ padding: 'ones' }) },
  { name: 'coupling, border channel', ...coupling({ padding: 'border' }) },
  { name: 'coupling, border channel, 10 channels', ...coupling({ padding: 'border' }, 10) },
  {
    name: 'coupling, official conditioner',
    ...coupling({ padding: 'border', hiddenActnorm: true, outputGain: true, parameterOrder: 'interleaved' }),
  },
];

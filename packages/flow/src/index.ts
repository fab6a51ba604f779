export * from './config.js';
export * from './layer.js';
export * from './manifest.js';
export * from './ops.js';
export * from './pixels.js';
export * from './random.js';
export * from './tensor.js';

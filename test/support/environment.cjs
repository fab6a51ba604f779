// onnxruntime-node tests `instanceof Float32Array` in the realm of its native addon, which is not the realm
// Jest gives to tests; sharing the host's typed arrays makes its tensors acceptable.
const { TestEnvironment } = require('jest-environment-node');
require('./one-thread.cjs');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const type of [
      'ArrayBuffer',
      'SharedArrayBuffer',
      'Uint8Array',
      'Int8Array',
      'Uint16Array',
      'Int16Array',
      'Uint32Array',
      'Int32Array',
      'Float32Array',
      'Float64Array',
      'BigInt64Array',
      'BigUint64Array',
      'Uint8ClampedArray',
      'DataView',
    ]) {
      this.global[type] = globalThis[type];
    }
    // For modules that must not come from the registry of Jest: onnxruntime-web.cjs, onnxruntime-node.cjs.
    this.global.hostRequire = require;
  }
};

// onnxruntime-node tests `instanceof Float32Array` in the realm of its native addon, which is not the realm
// Jest gives to tests; sharing the host's typed arrays makes its tensors acceptable.
const { TestEnvironment } = require('jest-environment-node');

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
    // onnxruntime-web imports its WebAssembly by import(), which Jest's own module registry cannot.
    this.global.hostRequire = require;
  }
};

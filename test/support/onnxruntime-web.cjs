// It imports its WebAssembly by import(), which the module registry of Jest cannot. See environment.cjs.
module.exports = hostRequire('onnxruntime-web');

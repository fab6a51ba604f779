// Loaded outside Jest's module registry: see environment.cjs.
module.exports = hostRequire('onnxruntime-web');

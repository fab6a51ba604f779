// The one of the host, whose sessions have one thread: see one-thread.cjs.
module.exports = hostRequire('onnxruntime-node');

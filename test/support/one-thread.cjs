const { InferenceSession } = require('onnxruntime-common');

/**
 * Gives a session of ONNX Runtime one thread, unless the session's options say a number. By default a session has a
 * thread for each core, and a thread that has no work still keeps its core busy for a while. Test files run side by
 * side, one for each core: such threads would take the cores from other files.
 */
const create = InferenceSession.create;
InferenceSession.create = (model, options, ...rest) =>
  create(model, typeof options === 'number' ? options : { intraOpNumThreads: 1, ...options }, ...rest);

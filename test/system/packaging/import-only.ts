import '@glow-onnx/runtime';
import '@glow-onnx/runtime/wasm';
import '@glow-onnx/flow/manifest';

import { version } from '@glow-onnx/runtime/internal';

/** The program that writes model folders, as manifests and graphs name it. All packages share one version. */
export const producer = { name: '@glow-onnx/exporter', version };

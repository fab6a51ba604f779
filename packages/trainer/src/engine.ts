export type { Batch, Engine, EngineState, StepResult } from './engine/engine.js';
export { type OpenEngine, type OpenEngineOptions, openEngine } from './engine/open-engine.js';
export type { Memory } from './onnxruntime/training-graph.js';
export type { OptimizerName } from './run/settings.js';

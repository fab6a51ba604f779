export { type OpenEngine, type OpenEngineOptions, openEngine } from './assembly/open-engine.js';
export type { Batch, Engine, EngineState, StepResult } from './engine/contract.js';
export type { Memory } from './onnxruntime/training-graph.js';
export type { OptimizerName } from './settings/settings.js';

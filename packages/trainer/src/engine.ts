export { type OpenEngine, type OpenEngineOptions, openEngine } from './assembly/open-engine.js';
export type { Batch } from './engine/batch.js';
export type { Engine, EngineState, LearningSettings, StepResult } from './engine/contract.js';
export type { OptimizerName } from './engine/optimizer.js';
export type { Memory } from './onnxruntime/memory.js';

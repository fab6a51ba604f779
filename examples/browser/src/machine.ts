import { type GlowModel, type LoadProgress, loadGlow, type ModelSource } from '@glow-onnx/runtime';
import type { Choice, DevicePanel } from './device-panel.js';
import { reasonOf } from './reason-of.js';

/** A model that the page can load. */
export interface Place {
  readonly name: string;
  readonly source: ModelSource;
}

export interface MachineOptions<P extends Place> {
  /** The place that is loaded first. */
  readonly first: P;
  readonly onProgress: (loaded: number, total: number) => void;
  /** Gets each loaded model. If it rejects, the model counts as not loaded. `signal`: another one is wanted meanwhile. */
  readonly onModel: (model: GlowModel, place: P, signal: AbortSignal) => Promise<void>;
}

/** Loads models: another one on the device in use, and the one in use on another device. */
export function createMachine<P extends Place>(panel: DevicePanel, options: MachineOptions<P>) {
  let loading = new AbortController();
  /** The model in use until another one is ready. */
  let working: { readonly choice: Choice; readonly place: P; readonly model: GlowModel } | undefined;

  /** @throws Error if the model cannot be loaded; the one in use then stays. */
  async function load(choice: Choice, place: P): Promise<void> {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    panel.startLoading(`Loading ${place.name} for ${panel.titleOf(choice)} …`);
    const sum = sumOf((loaded, total) => {
      panel.showProgress(loaded, total);
      options.onProgress(loaded, total);
    });
    try {
      const model = await loadGlow(place.source, {
        device: choice,
        worker: true,
        threads,
        signal,
        onProgress(event) {
          sum(event);
          if (event.status === 'done' && event.file === 'golden.safetensors') panel.showTesting();
        },
      });
      try {
        await options.onModel(model, place, signal);
      } catch (error) {
        model.dispose();
        throw error;
      }
      working = { choice, place, model };
      panel.describe(model, threads);
    } catch (error) {
      if (signal.aborted) return;
      if (working) {
        panel.choose(working.choice);
        panel.describe(working.model, threads);
      }
      throw error;
    }
  }

  const first = load(panel.choice, options.first).catch((error) => {
    panel.note(`The model cannot be loaded: ${reasonOf(error)}`);
  });
  panel.onChoice((choice) => {
    const place = working?.place ?? options.first;
    load(choice, place).catch((error) => {
      panel.note(
        working
          ? `${panel.titleOf(choice)} does not work here: ${reasonOf(error)}`
          : `The model cannot be loaded: ${reasonOf(error)}`,
      );
    });
  });

  return {
    /** Loads another model. @throws Error if it cannot be loaded; the one in use then stays. */
    async open(place: P): Promise<void> {
      await first; // a model to come back to
      await load(panel.choice, place);
    },
  };
}

/** Threads need shared memory, which only an isolated page has. More than one thread per two cores gains little. */
const threads = crossOriginIsolated ? Math.min(4, Math.ceil(navigator.hardwareConcurrency / 2)) : 1;

/** Adds up the bytes of all files. */
function sumOf(report: (loaded: number, total: number) => void): (progress: LoadProgress) => void {
  const files = new Map<string, { loaded: number; total: number }>();
  return (event) => {
    if (event.status === 'initiate' && event.total !== undefined) {
      files.set(event.file, { loaded: 0, total: event.total });
    }
    const file = 'file' in event ? files.get(event.file) : undefined;
    if (!file) return;
    if (event.status === 'progress') file.loaded = event.loaded;
    if (event.status === 'done') file.loaded = file.total;
    const sum = (key: 'loaded' | 'total') => [...files.values()].reduce((bytes, one) => bytes + one[key], 0);
    report(sum('loaded'), sum('total'));
  };
}

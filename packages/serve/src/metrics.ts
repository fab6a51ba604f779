import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ServedModel } from './served-models.js';

/** What the server counts, for Prometheus. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts an answer. */
  answered(labels: RequestLabels, status: number, seconds: number): void;
  /** Counts a run of a model. */
  batched(model: string, call: string, images: number): void;
}

/** What a request was about. */
export interface RequestLabels {
  readonly model: string;
  readonly call: string;
}

export const noModel: RequestLabels = { model: '', call: '' };

/** @param state read when metrics are asked for. */
export function createMetrics(state: {
  readonly served: () => readonly ServedModel[];
  readonly requests: () => number;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const labelNames = ['model', 'call'] as const;
  const requests = new Counter({
    ...{ name: 'glow_onnx_requests_total', help: 'Answers, by HTTP status' },
    ...{ labelNames: [...labelNames, 'status'], registers },
  });
  const seconds = new Histogram({
    ...{
      name: 'glow_onnx_request_seconds',
      help: 'Time from the first byte of a request to the last of its answer',
    },
    ...{
      labelNames,
      registers,
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    },
  });
  const images = new Histogram({
    ...{ name: 'glow_onnx_batch_images', help: 'Images of a run of a model' },
    ...{ labelNames, registers, buckets: [1, 2, 4, 8, 16, 32, 64, 128] },
  });
  new Gauge({
    ...{ name: 'glow_onnx_requests_under_way', help: 'Requests that arrive, wait or run', registers },
    collect() {
      this.set(state.requests());
    },
  });
  new Gauge({
    ...{ name: 'glow_onnx_requests_waiting', help: 'Requests that wait for a worker' },
    ...{ labelNames: ['model'] as const, registers },
    collect() {
      for (const { name, version, batcher } of state.served())
        this.set({ model: `${name}:${version}` }, batcher.waiting);
    },
  });
  return {
    registry,
    answered(labels, status, duration) {
      requests.inc({ ...labels, status: String(status) });
      if (labels.model !== '') seconds.observe({ ...labels }, duration);
    },
    batched: (model, call, count) => images.observe({ model, call }, count),
  };
}

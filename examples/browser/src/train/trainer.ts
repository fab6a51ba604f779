import type { News, Order } from './messages.js';

/** A worker that trains one model. */
export interface Trainer {
  tell(order: Order): void;
  /** Ends the worker at once. */
  end(): void;
}

/** Starts a worker, which keeps the page free, and hands its news on. */
export function startTrainer(onNews: (news: News) => void): Trainer {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<News>) => onNews(data));
  worker.addEventListener('error', ({ message }) => {
    onNews({ type: 'failed', message: message || 'the worker that trains cannot be started' });
  });
  return { tell: (order) => worker.postMessage(order), end: () => worker.terminate() };
}

import type { Metrics, RequestLabels } from './metrics.js';
import type { Limits } from './options.js';
import type { ServedModel } from './served-models.js';

/** What the routes need of the server. */
export interface AppContext {
  readonly served: readonly ServedModel[];
  readonly limits: Limits;
  /** The most work on one picture, in passes over images of the size of the training images. */
  readonly maxWork: number;
  readonly metrics: Metrics;
  /** False once the server closes. */
  readonly isReady: () => boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The model and the call, for metrics. */
    about?: RequestLabels;
  }
  interface FastifyContextConfig {
    /** Whether the route only watches the server: the limit of requests does not hold for it. */
    watches?: boolean;
    /** Whether the route may be asked without the token. */
    isOpen?: boolean;
  }
}

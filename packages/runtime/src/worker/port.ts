/** The members of a `Worker` that are used here. A MessagePort has them too, except `terminate`. */
export interface WorkerLike extends PortLike {
  terminate?(): void;
}

/** The members of a `MessagePort` that are used here. */
export interface PortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(
    type: 'message' | 'messageerror' | 'error',
    listener: (event: { readonly type: string }) => void,
  ): void;
  /** A port needs this call; a worker does not have it. */
  start?(): void;
}

/**
 * The worker for a model: `true` for the worker of this package, the address of a script that calls `serveGlow`, or a
 * Worker with such a script.
 */
export type WorkerChoice = boolean | string | URL | WorkerLike;

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

/** A script that calls `serveGlow`, and how many workers to start with it. */
export interface WorkerScript {
  /** Its path (Node) or address. */
  readonly script: string | URL;
  /** Default 1. */
  readonly count?: number;
}

/**
 * The workers for a model: `true` for one worker of this package, a number for so many, the path (Node) or address of a
 * script that calls `serveGlow`, the same with a number, or a Worker with such a script.
 */
export type WorkerChoice = boolean | number | string | URL | WorkerScript | WorkerLike;

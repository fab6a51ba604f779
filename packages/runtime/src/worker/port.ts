/** What of a Worker is used here; a MessagePort has it too, but for `terminate`. */
export interface WorkerLike extends PortLike {
  terminate?(): void;
}

export interface PortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(
    type: 'message' | 'messageerror' | 'error',
    listener: (event: { readonly type: string }) => void,
  ): void;
  /** Ports need it, workers do not have it. */
  start?(): void;
}

/** Our own worker, the address of another script that serves models, or a worker with such a script. */
export type WorkerChoice = boolean | string | URL | WorkerLike;

interface Shared {
  readonly listeners: Set<() => void>;
  readonly callAll: () => void;
}

const sharedOf = new WeakMap<AbortSignal, Shared>();

/**
 * Calls the listener when the signal is aborted, unless the returned function is called before. All calls share one
 * event listener per signal: Node 20 warns of a leak from the eleventh on.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, callAll } = sharedOf.get(signal) ?? share(signal);
  if (listeners.size === 0) signal.addEventListener('abort', callAll);
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) signal.removeEventListener('abort', callAll);
  };
}

function share(signal: AbortSignal): Shared {
  const listeners = new Set<() => void>();
  const callAll = () => {
    for (const listener of listeners) listener();
  };
  const shared = { listeners, callAll };
  sharedOf.set(signal, shared);
  return shared;
}

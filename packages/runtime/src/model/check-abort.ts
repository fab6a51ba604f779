/**
 * Lets events in, then throws `signal.reason` if the call is aborted. A run of ONNX Runtime in Node, and of wasm, holds
 * the thread that calls it and leaves it to microtasks alone. Without a pause neither a timer nor a message could abort
 * a call.
 */
export async function checkAbort(signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return;
  if (!signal.aborted) await nextTask();
  signal.throwIfAborted();
}

function nextTask(): Promise<void> {
  // In Node all timers that are due, and all messages that have come, are served before the next immediate.
  const { setImmediate } = globalThis as { setImmediate?: (task: () => void) => void };
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

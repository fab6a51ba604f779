const warned = new Set<string>();
let show = (message: string): void => console.warn(`glow-onnx: ${message}`);

/** Warns on the console of a problem that does not stop the work. The same message appears once per program. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  show(message);
}

/** Gives all warnings to this function instead: a worker sends them to its program, which may have several workers. */
export function forwardWarnings(to: (message: string) => void): void {
  show = to;
}

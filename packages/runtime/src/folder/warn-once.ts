const warned = new Set<string>();

/** Warns on the console of a problem that does not stop the work. The same message appears once per program. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(`glow-onnx: ${message}`);
}

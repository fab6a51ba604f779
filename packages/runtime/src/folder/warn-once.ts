const warned = new Set<string>();

/** Tells on the console what goes on but worse than it might; the same words once in a program. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(`glow-onnx: ${message}`);
}

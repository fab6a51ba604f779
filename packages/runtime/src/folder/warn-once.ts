import { printable } from '@glow-onnx/flow/manifest';

const warned = new Set<string>();
let show = (message: string): void => console.warn(`glow-onnx: ${printable(message)}`);

/**
 * Warns on the console of a problem that does not stop the work.
 * @param subject the thing that has the problem: one warning per program. Default: the message.
 */
export function warnOnce(message: string, subject = message): void {
  if (warned.has(subject)) return;
  warned.add(subject);
  show(message);
}

/** Gives all warnings to this function instead: a worker sends them to its program, which may have several workers. */
export function forwardWarnings(to: (message: string) => void): void {
  show = to;
}

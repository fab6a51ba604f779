import { printable } from '@glow-onnx/flow/manifest';

const warned = new Set<string>();

/**
 * Warns on the console of a problem that does not stop the work.
 * @param subject the thing that has the problem: one warning per program. Default: the message.
 */
export function warnOnce(message: string, subject = message): void {
  if (warned.has(subject)) return;
  warned.add(subject);
  console.warn(`glow-onnx: ${printable(message)}`);
}

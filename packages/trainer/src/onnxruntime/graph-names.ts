import type { Named } from '@glow-onnx/flow';

/** The output for the part of log_prob that a level adds. */
export function levelOutput(level: number): string {
  return `log_prob/${level}`;
}

export function prefixed<T>(prefix: string, named: Named<T>): Record<string, T> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));
}

/** The entries whose name begins with the prefix, without the prefix. */
export function withoutPrefix<T>(prefix: string, named: Named<T>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

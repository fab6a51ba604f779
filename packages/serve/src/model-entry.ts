import { printable } from '@glow-onnx/flow/manifest';

/** A model folder to serve, and what clients call it. */
export interface ModelEntry {
  /** Letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** A version is a positive integer. Clients that name none get the highest. */
  readonly version: number;
  /** The path of the model folder, its address, or `hf:owner/name`. */
  readonly source: string;
}

const named = /^([A-Za-z0-9][\w.-]{0,99})(?::([1-9]\d{0,8}))?=(.+)$/s;
const nameAlone = /^[A-Za-z0-9][\w.-]{0,99}$/;

/**
 * Reads `FOLDER`, `NAME=FOLDER` or `NAME:VERSION=FOLDER`. Without a name it is the last part of the path; without a
 * version it is 1.
 * @throws RangeError if the last part of the path is no name.
 */
export function parseModelEntry(text: string): ModelEntry {
  const [, name, version = '1', source] = named.exec(text) ?? [];
  if (name !== undefined && source !== undefined) return { name, version: Number(version), source };
  const last = text.replace(/\/+$/, '').split('/').at(-1) ?? '';
  if (nameAlone.test(last)) return { name: last, version: 1, source: text };
  throw new RangeError(
    `${printable(text)}: ${printable(JSON.stringify(last))} cannot be the name of a model; pass NAME=${printable(text)}`,
  );
}

/** @throws RangeError if two entries have one name and version, or a name cannot stand in a path. */
export function checkEntries(entries: readonly ModelEntry[]): void {
  if (entries.length === 0) throw new RangeError('createServer: expected at least one model');
  const seen = new Set<string>();
  for (const { name, version } of entries) {
    if (!nameAlone.test(name)) {
      throw new RangeError(
        `createServer: name ${printable(JSON.stringify(name))} must be letters, digits, ".", "_" or "-"`,
      );
    }
    if (!Number.isSafeInteger(version) || version < 1) {
      throw new RangeError(`createServer: version of ${name} must be an integer from 1 on, got ${version}`);
    }
    const key = `${name}:${version}`;
    if (seen.has(key))
      throw new RangeError(`createServer: ${key} is given twice; pass ${name}:${version + 1}=FOLDER`);
    seen.add(key);
  }
}

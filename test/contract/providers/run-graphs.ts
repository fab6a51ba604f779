import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Numbers } from '../../support/run-graph.js';

/** A graph to open, and to run if it has inputs. */
export interface Case {
  readonly name: string;
  /** The graph's bytes, or its path. */
  readonly model: Uint8Array | string;
  /** Paths of its external data. */
  readonly externalData?: readonly string[];
  /** Session options besides the provider. */
  readonly options?: object;
  readonly inputs?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: Iterable<number> }>
  >;
}

export interface Runner {
  readonly library: 'onnxruntime-node' | 'onnxruntime-web';
  readonly provider: 'cpu' | 'webgpu' | 'wasm';
  readonly env?: Readonly<Record<string, string>>;
}

export type Result = { readonly outputs: Readonly<Record<string, Numbers>> } | { readonly error: string };

/**
 * Runs cases in a process of their own.
 * @throws Error naming the case under way if that process dies.
 */
export function runCases({ library, provider, env }: Runner, cases: readonly Case[]): Map<string, Result> {
  const folder = mkdtempSync(join(tmpdir(), 'glow-provider-'));
  try {
    const items = cases.map(({ model, inputs, ...item }, i) => {
      const path = typeof model === 'string' ? model : join(folder, `${i}.onnx`);
      if (typeof model !== 'string') writeFileSync(path, model);
      const numbers = Object.entries(inputs ?? {}).map(([name, { shape, data }]) => [
        name,
        { shape, data: [...data] },
      ]);
      return { ...item, model: path, ...(inputs && { inputs: Object.fromEntries(numbers) }) };
    });
    const [list, results] = [join(folder, 'cases.json'), join(folder, 'results.jsonl')];
    writeFileSync(list, JSON.stringify(items));
    const script = join(__dirname, 'provider-process.mjs');
    const child = spawnSync(process.execPath, [script, library, provider, list, results], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : [];
    if (child.status !== 0) {
      const at = cases[lines.length]?.name ?? 'no case';
      throw new Error(
        `${library} ${provider}: ended with ${child.signal ?? child.status} at ${at}:\n${child.stderr}`,
      );
    }
    return new Map(
      lines.map((line) => {
        const { name, ...result } = JSON.parse(line) as Result & { name: string };
        return [name, result];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Outputs of a case. @throws Error with what the provider said if it has none. */
export function outputsOf(
  results: ReadonlyMap<string, Result>,
  name: string,
): Readonly<Record<string, Numbers>> {
  const result = results.get(name);
  if (!result) throw new Error(`no result of ${name}`);
  if ('error' in result) throw new Error(`${name}: ${result.error}`);
  return result.outputs;
}

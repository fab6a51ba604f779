import { main } from '../../packages/exporter/src/main.js';

/** Runs `glow-export` in this process. */
export async function glowExport(...argv: string[]) {
  const written: string[] = [];
  const err: string[] = [];
  const code = await main(argv, '1.2.3', {
    stdout: { write: (text: string) => written.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  });
  return { code, out: written.join(''), err: err.join('') };
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Methods of bench/peers/restoration.py. */
export const peers = ['total variation', 'non-local means', 'BM3D'];

/** Starts the Python program that removes noise by plain methods, one picture after another. */
export function openPeer(python) {
  const program = join(import.meta.dirname, '../peers/restoration.py');
  const environment = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  const child = spawn(python, [program], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${python} ${program} ended with ${code}; see above`)));
  });
  failed.catch(() => {}); // said by denoise
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** @returns by method: the bytes of the picture, and seconds. */
    async denoise({ data, ...picture }, kind, sigma) {
      child.stdin.write(`${JSON.stringify({ ...picture, data: [...data], kind, sigma })}\n`);
      const { value } = await Promise.race([lines.next(), failed]);
      return value === undefined ? failed : JSON.parse(value);
    },
    close() {
      child.stdin.end();
      return failed.catch(() => {});
    },
  };
}

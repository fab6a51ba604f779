import { Worker } from 'node:worker_threads';
import { explainSystemError } from './explain-system-error.js';
import type { DiskFile } from './map-weights.js';

/** A text, so that bundlers need not find a file. It reads piece by piece, and sends the bytes so far, then the hash. */
const program = `
const { createHash } = require('node:crypto');
const { openSync, readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const file = openSync(workerData, 'r');
const piece = Buffer.allocUnsafeSlow(2 ** 22);
const hash = createHash('sha256');
for (let loaded = 0, count; (count = readSync(file, piece)) > 0; parentPort.postMessage(loaded)) {
  hash.update(piece.subarray(0, count));
  loaded += count;
}
parentPort.postMessage(hash.digest('hex'));`;

/**
 * The sha256 of a file, computed in a thread: ONNX Runtime blocks the main thread while it opens a session.
 * @param where the file in messages. @throws the errors of the system in words; what `onPiece` throws; `signal.reason`
 *   when aborted.
 */
export async function sha256OfFile(
  path: string,
  { where, signal, onPiece }: Parameters<DiskFile['sha256']>[0] & { readonly where: string },
): Promise<string> {
  signal?.throwIfAborted();
  // Options of this process, such as --import, are not for the thread.
  const thread = new Worker(program, { eval: true, workerData: path, execArgv: [], env: {} });
  let abort = () => {};
  try {
    return await new Promise((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort);
      thread.on('message', (sent: number | string) => {
        if (typeof sent === 'string') return resolve(sent);
        try {
          onPiece?.(sent);
        } catch (error) {
          reject(error); // thrown from here, it would end the process
        }
      });
      thread.on('error', reject);
      thread.on('exit', () => reject(new Error(`the thread that reads ${where} has ended`)));
    });
  } catch (cause) {
    throw explainSystemError('read', where, cause);
  } finally {
    signal?.removeEventListener('abort', abort);
    await thread.terminate();
  }
}

import type { StoredFile } from '../model-store.js';

/** The body of an answer, as it comes. */
export function responseFile(response: Response): StoredFile {
  return {
    size: sizeOf(response),
    async *pieces() {
      const reader = response.body?.getReader();
      if (!reader) return;
      try {
        for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
      } finally {
        await reader.cancel().catch(() => undefined); // it failed already, or has ended
      }
    },
  };
}

/**
 * Content-Length counts bytes before decompression. Whether they are compressed another origin's answer does
 * not tell: Content-Encoding is not among the headers it shows.
 */
function sizeOf({ headers, type }: Response): number | undefined {
  const length = headers.get('content-length');
  const plain = type !== 'cors' && !headers.has('content-encoding');
  return plain && length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

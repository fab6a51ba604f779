import type { StoredFile } from '../model-store.js';

/** The body of a response of fetch, read as it arrives. */
export function responseFile(response: Response): StoredFile {
  return {
    size: sizeOf(response),
    async *pieces() {
      const reader = response.body?.getReader();
      if (!reader) return;
      try {
        for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
      } finally {
        await reader.cancel().catch(() => undefined); // it has failed or ended already
      }
    },
  };
}

/**
 * Content-Length counts bytes before decompression, so it is the size only of uncompressed responses. A response of
 * another origin hides its Content-Encoding header, so its size is unknown.
 */
function sizeOf({ headers, type }: Response): number | undefined {
  const length = headers.get('content-length');
  const plain = type !== 'cors' && !headers.has('content-encoding');
  return plain && length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

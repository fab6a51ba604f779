import type { ModelStore } from '../model-folder.js';

/** A model folder at an address; a relative one is taken from the page's. */
export function urlStore(address: string): ModelStore {
  const folder = new URL(address.endsWith('/') ? address : `${address}/`, globalThis.location?.href);
  return {
    name: address,
    async read(path) {
      const response = await fetch(new URL(path, folder));
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`${address}: ${path}: the server answers ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

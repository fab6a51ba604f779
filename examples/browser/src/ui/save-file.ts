import { el } from './dom.js';

/** Saves bytes as a download. */
export function saveFile(bytes: Uint8Array, name: string, type: string): void {
  const href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }));
  el('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000); // some browsers read the address after the click
}

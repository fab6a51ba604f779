import { printable } from '@glow-onnx/flow/manifest';

/** Recognised by its members, not by instanceof: it may come from another window or a polyfill. */
export function isUrl(source: unknown): source is URL {
  return typeof source === 'object' && source !== null && 'href' in source && 'searchParams' in source;
}

/** The address in messages: without user, password, query and fragment, which may be secrets. */
export function shownAddress(address: string | URL): string {
  const text = String(address);
  if (!text.includes('@')) return printable(bare(text));
  if (URL.canParse(text)) return printable(bare(new URL(text).href).replace(/^([^/]*\/\/)?[^/]*@/, '$1'));
  // In text that is no address, a password may hold any character.
  return printable(bare(text.replace(/^(\s*[a-z][a-z0-9+.-]*:[/\\]*)?.*@/is, '$1')));
}

/** The source of a model in messages: a path as it is, an address without what may be secrets. */
export function shownSource(source: string): string {
  return /^[a-z][a-z0-9+.-]+:/i.test(source) ? shownAddress(source) : source;
}

function bare(address: string): string {
  return address.split(/[?#]/)[0] ?? '';
}

/** Whether a source begins with `hf:`, and so names a repository of a model hub. */
export function isHubName(source: string | URL): boolean {
  return /^\s*hf:/i.test(String(source));
}

/** Takes user and password out of an address: fetch refuses such an address. They go in the header Authorization. */
export function takeCredentials(url: URL): string | undefined {
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return undefined;
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // with a percent sign that stands for itself
  }
}

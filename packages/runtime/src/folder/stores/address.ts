import { printable } from '@glow-onnx/flow/manifest';

/** The address in messages: without user, password, query and fragment, which may be secrets. */
export function shownAddress(address: string | URL): string {
  // Also for text that is no address.
  const [shown = ''] = String(address).split(/[?#]/);
  return printable(shown.replace(/^([^/]*\/\/)?[^/]*@/, '$1'));
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

/** A place on the page, with the settings there: `#sample?seed=7&temperature=0.8`. */
export interface Link {
  readonly tab: string;
  readonly settings: ReadonlyMap<string, string>;
}

const mostSettings = 60;
const namePattern = /^[\w .-]{1,60}$/;
const valuePattern = /^[\w.-]{1,30}$/;

/** Reads the hash of an address. Settings that no tab can have are left out, and counted. */
export function parseLink(hash: string): Link & { readonly leftOut: number } {
  const [tab = '', ...rest] = hash.replace(/^#/, '').split('?');
  const query = rest.join('?');
  const all = [...new URLSearchParams(query)];
  const fit = all.filter(([name, value]) => namePattern.test(name) && valuePattern.test(value));
  const settings = new Map(fit.slice(0, mostSettings));
  return { tab, settings, leftOut: all.length - settings.size };
}

/** The hash for a link. */
export function formatLink({ tab, settings }: Link): string {
  const query = new URLSearchParams([...settings]).toString();
  return query === '' ? `#${tab}` : `#${tab}?${query}`;
}

/** Reads a file of a model folder by its path there, such as `directions/index.json`; undefined if there is no such file. */
export type ReadFile = (path: string) => Promise<Blob | undefined>;

/** The files of a folder beside the page, such as `model`. Throws an error with the file's name if the server refuses it. */
export function readFromServer(folder: string): ReadFile {
  return async (path) => {
    const response = await fetch(`./${folder}/${path}`);
    const isPage = response.headers.get('content-type')?.startsWith('text/html');
    if (response.status === 404 || isPage) return undefined; // some servers answer with their start page
    if (!response.ok) throw new Error(`${folder}/${path}: the server answers with ${response.status}`);
    return response.blob();
  };
}

/** The most bytes of a JSON file beside a model. */
const mostJsonBytes = 4 * 2 ** 20;

/**
 * Reads a JSON object; undefined if there is no such file. `check` gets its fields, and throws with what is wrong.
 * @throws Error with the name of the file if it is too large, no JSON, or refused by `check`.
 */
export async function readJson<T>(
  read: ReadFile,
  path: string,
  check: (fields: Record<string, unknown>) => T,
): Promise<T | undefined> {
  const file = await read(path);
  if (!file) return undefined;
  try {
    if (file.size > mostJsonBytes)
      throw new RangeError(`expected at most ${mostJsonBytes} bytes, got ${file.size}`);
    const value: unknown = JSON.parse(await file.text());
    if (typeof value !== 'object' || value === null) throw new TypeError('expected an object or a list');
    return check(value as Record<string, unknown>);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** A field that is a text of 1 to `most` characters. */
export function textOf(fields: Record<string, unknown>, name: string, most = 60): string {
  const value = fields[name];
  if (typeof value === 'string' && value.length > 0 && value.length <= most) return value;
  throw new TypeError(`"${name}": expected a text of 1 to ${most} characters`);
}

/** A field that is a list of such texts. */
export function textsOf(fields: Record<string, unknown>, name: string, most = 60, mostTexts = 40): string[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > mostTexts) {
    throw new TypeError(`"${name}": expected a list of at most ${mostTexts} texts`);
  }
  return value.map((_, i) => textOf(value as unknown as Record<string, unknown>, String(i), most));
}

/** A field that is an integer from `least` to `most`. */
export function naturalOf(
  fields: Record<string, unknown>,
  name: string,
  least: number,
  most: number,
): number {
  const value = fields[name];
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  throw new RangeError(`"${name}": expected an integer from ${least} to ${most}`);
}

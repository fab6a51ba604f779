import type { ReadFile } from './read-file.js';

/** The files of a folder that the user gave, by their paths in it. */
export type FolderFiles = ReadonlyMap<string, File>;

export interface ModelFolder {
  /** The name of the folder. */
  readonly name: string;
  readonly files: FolderFiles;
}

/** More than any model folder has; a whole home folder has more. */
const mostFiles = 500;
const deepest = 4;

/** The files of dropped folders and files. `entries` must be taken during the event. */
export async function readEntries(entries: readonly FileSystemEntry[]): Promise<Map<string, File>> {
  const files = new Map<string, File>();
  let level = entries;
  for (let depth = 0; level.length > 0 && depth <= deepest; depth++) {
    const below: FileSystemEntry[] = [];
    for (const entry of level) {
      if (entry.isDirectory) below.push(...(await childrenOf(entry as FileSystemDirectoryEntry)));
      else files.set(entry.fullPath.replace(/^\//, ''), await fileOf(entry as FileSystemFileEntry));
      checkCount(files.size + below.length);
    }
    level = below;
  }
  return files;
}

/** The files of an input with `webkitdirectory`. */
export function readFileList(list: FileList): Map<string, File> {
  checkCount(list.length);
  return new Map([...list].map((file) => [file.webkitRelativePath || file.name, file]));
}

/**
 * Finds the model in the files of a folder: the uppermost `manifest.json`, and everything beside it.
 * @throws Error if there is no manifest.json.
 */
export function findModel(all: FolderFiles): ModelFolder {
  const [path] = [...all.keys()]
    .filter((name) => /(^|\/)manifest\.json$/.test(name))
    .sort((a, b) => a.split('/').length - b.split('/').length);
  if (path === undefined) throw new Error(notAModel([...all.keys()]));
  const prefix = path.slice(0, -'manifest.json'.length);
  const own = [...all].filter(([name]) => name.startsWith(prefix));
  const files = new Map(own.map(([name, file]) => [name.slice(prefix.length), file]));
  return { name: (prefix.split('/').at(-2) ?? 'the dropped model').slice(0, 60), files };
}

export function readFromFiles(files: FolderFiles): ReadFile {
  return async (path) => files.get(path);
}

function notAModel(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => (name.split('/').pop() as string).slice(0, 40));
  const has = names.length === 0 ? 'is empty' : `has ${shown.join(', ')}${names.length > 3 ? ' …' : ''}`;
  return `This folder ${has}. A model folder has manifest.json and onnx/, as "glow-onnx export" writes them.`;
}

function checkCount(count: number): void {
  if (count <= mostFiles) return;
  throw new RangeError(
    `This folder has more than ${mostFiles} files. Give the folder of the model alone, the one with manifest.json.`,
  );
}

async function childrenOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return children;
    children.push(...some);
    checkCount(children.length);
  }
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

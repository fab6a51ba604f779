/** Folders within folders are read so deep. */
const deepest = 6;

/** The files of a drop, those in folders too, at most `most`. Call it during the event: later the drop is empty. */
export function droppedFiles(transfer: DataTransfer, most: number): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  return entries.some((entry) => entry?.isDirectory)
    ? walk(entries, most)
    : Promise.resolve(plain.slice(0, most));
}

async function walk(roots: readonly (FileSystemEntry | null)[], most: number): Promise<File[]> {
  const files: File[] = [];
  let level = roots.filter((entry) => entry !== null);
  for (let depth = 0; level.length > 0 && depth < deepest && files.length < most; depth++) {
    const below: FileSystemEntry[] = [];
    for (const entry of level) {
      if (files.length >= most) break;
      if (entry.isFile) files.push(await fileOf(entry as FileSystemFileEntry));
      else if (!entry.name.startsWith('.'))
        below.push(...(await childrenOf(entry as FileSystemDirectoryEntry)));
    }
    level = below;
  }
  return files;
}

/** A reader gives about a hundred entries at a time. */
async function childrenOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return children;
    children.push(...some);
  }
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

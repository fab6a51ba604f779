import { extname } from 'node:path';

/** An entry of a folder of images that is not read. */
export interface LeftOut {
  /** Path in the folder, with / between names. */
  readonly file: string;
  /** Why: `hidden`, an extension such as `.heic`, or words such as `linked to nothing`. */
  readonly reason: string;
}

/** Names that begin with a dot, and those that systems leave in folders of images. */
const hiddenName = /^(\..*|thumbs\.db|desktop\.ini|__macosx|@eadir|\$recycle\.bin)$/i;
const imageName = /\.(png|jpe?g|webp)$/i;
const otherImage =
  /^\.(heic|heif|hif|avif|jxl|bmp|gif|tiff?|jfif|jp2|tga|psd|dng|cr2|cr3|nef|arw|raf|orf|rw2)$/;

export function isHidden(name: string): boolean {
  return hiddenName.test(name);
}

/** Why a file with this name is not read as an image. Undefined if it is read. */
export function whyNoImage(path: string): string | undefined {
  return imageName.test(path) ? undefined : extname(path).toLowerCase() || 'without extension';
}

/**
 * Counts what was left out, in one line: `left out: 12 .heic (a.heic …; convert to PNG or JPEG), 1 hidden (.git)`.
 * Undefined if nothing was left out.
 */
export function describeLeftOut(leftOut: readonly LeftOut[]): string | undefined {
  if (leftOut.length === 0) return undefined;
  const files = new Map<string, string[]>();
  for (const { file, reason } of leftOut) {
    const group = files.get(reason);
    if (group) group.push(file);
    else files.set(reason, [file]);
  }
  const groups = [...files].sort(([, a], [, b]) => b.length - a.length);
  return `left out: ${groups.map(([reason, names]) => describeGroup(reason, names)).join(', ')}`;
}

function describeGroup(reason: string, names: readonly string[]): string {
  const example = `${names[0]}${names.length > 1 ? ' …' : ''}`;
  const advice = otherImage.test(reason) ? '; convert to PNG or JPEG' : '';
  return `${names.length} ${reason} (${example}${advice})`;
}

/** For an error: the images that were expected, and what the folder holds instead. */
export function describeNoImages(folder: string, leftOut: readonly LeftOut[]): string {
  const found = describeLeftOut(leftOut) ?? 'the folder is empty';
  return (
    `${folder} has no images: expected .png, .jpg, .jpeg or .webp files in it or its subfolders; ` +
    `${found}; pass another folder`
  );
}

import { type ModelStore, readBounded } from './model-store.js';

/** The model card of a folder. It is not in the manifest: models run without it. */
export const cardPath = 'README.md';
const maxCardBytes = 2 ** 20;
const maxPictures = 20;
/** The most bytes of a picture that is shared with the card. */
export const maxPictureBytes = 2 ** 24;

const isPicture = /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._/-]{1,200}\.(png|jpe?g|webp|gif|svg)$/i;
// Each repetition is bounded, so a hostile card does not take long.
const shown =
  /!\[[^\]\n]{0,300}\]\(\s{0,9}<?([^\s)>]{1,300})|<img\s[^>]{0,300}?\bsrc\s{0,9}=\s{0,9}["']([^"']{1,300})["']/gi;

/** @returns undefined if the folder has no card. @throws RangeError if it has more than 1 MiB; the errors of reading. */
export async function readCard(store: ModelStore, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const file = await store.open(cardPath, signal);
  return file && readBounded(file, { where: store.locate(cardPath), limit: maxCardBytes, signal });
}

/**
 * The first 20 pictures inside the folder that a card shows, as Markdown `![…](path)` or HTML `<img src="path">`. Others
 * are left out: addresses, and paths that leave the folder.
 */
export function picturesOf(card: Uint8Array | undefined): string[] {
  const text = new TextDecoder().decode(card);
  const paths = [...text.matchAll(shown)].map(([, markdown, html]) =>
    (markdown ?? html ?? '').replace(/\/+/g, '/').replace(/^\.\//, ''),
  );
  return [...new Set(paths)].filter((path) => isPicture.test(path)).slice(0, maxPictures);
}

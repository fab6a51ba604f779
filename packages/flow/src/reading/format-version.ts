import { show } from './show.js';

/**
 * The version of a file, which this release reads from 1 to `newest`. docs/decisions/0022-versions-of-files.md has the
 * rule for all our files.
 * @param where the file in messages, such as `manifest.json`.
 * @param version a number, or its digits, as the file states it.
 * @throws RangeError that says what to update if the version is newer, or that the file is damaged.
 */
export function checkVersion(where: string, version: unknown, newest: number): number {
  const stated = typeof version === 'string' && /^\d{1,9}$/.test(version) ? Number(version) : version;
  const known = newest === 1 ? '1' : `1 to ${newest}`;
  if (!Number.isSafeInteger(stated) || (stated as number) < 1) {
    throw new RangeError(
      `${where}: expected format version ${known}, got ${show(version)}; the file is damaged`,
    );
  }
  if ((stated as number) > newest) {
    throw new RangeError(
      `${where}: format version ${stated} is newer than this release knows (${known}); ` +
        'update the @glow-onnx packages to the release that wrote the file',
    );
  }
  return stated as number;
}

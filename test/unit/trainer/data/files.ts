import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

/** A folder for one test file's pictures; every `write` gives its path. Removed after the tests. */
export function temporaryFolder() {
  const root = mkdtempSync(join(tmpdir(), 'glow-data-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return {
    root,
    write(name: string, contents: Uint8Array | string): string {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, contents);
      return path;
    },
  };
}

/** Raw pixels as sharp takes them; the number of channels follows from their count. */
export function picture(height: number, width: number, pixels: readonly number[]): Sharp {
  const channels = (pixels.length / (height * width)) as 1 | 2 | 3 | 4;
  const image = sharp(Uint8Array.from(pixels), { raw: { height, width, channels } });
  return channels === 1 ? image.toColourspace('b-w') : image;
}

export const png = (height: number, width: number, pixels: readonly number[]): Promise<Buffer> =>
  picture(height, width, pixels).png().toBuffer();

/** height × width pixels of one colour. */
export const plain = (height: number, width: number, colour: readonly number[]): number[] =>
  Array.from({ length: height * width }, () => colour).flat();

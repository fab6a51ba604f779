import { checksumOf, checkVersion, parseJsonObject } from '@glow-onnx/flow/manifest';
import { type Calibration, checkCalibration } from './calibration.js';

const format = 'glow-calibration';
const newestVersion = 1;
const where = 'calibration';
const limits = { where, maxLength: 2 ** 26, maxValues: 2 ** 22, maxKeys: 2 ** 10 };

/**
 * The text of a calibration file, with the version of its format and a checksum.
 * @throws TypeError or RangeError if it is not what `calibrate` returns.
 * @example await writeFile('calibration.json', encodeCalibration(await glow.calibrate(images)));
 */
export function encodeCalibration(calibration: Calibration): string {
  const facts = { format, version: newestVersion, ...checkCalibration(calibration) };
  return `${JSON.stringify({ ...facts, checksum: checksumOf(facts) })}\n`;
}

/**
 * Reads what `encodeCalibration` wrote. Its source is not trusted: every field is checked.
 * @param source the text, or its bytes: at most 64 MiB.
 * @throws SyntaxError if it is not JSON; RangeError if it is damaged or of a newer version; TypeError or RangeError that
 *   names the field if it has another form.
 * @example
 * const calibration = parseCalibration(await readFile('calibration.json'));
 * const [{ verdict }] = await glow.score('a.png', { calibration });
 */
export function parseCalibration(source: string | Uint8Array): Calibration {
  const { checksum, ...facts } = parseJsonObject(source, limits);
  if (facts.format !== format) {
    throw new RangeError(
      `${where}: expected the format "${format}"; this is not a file that glow-onnx calibrate wrote`,
    );
  }
  checkVersion(where, facts.version, newestVersion);
  if (checksum !== checksumOf(facts)) {
    throw new RangeError(
      `${where}: its checksum differs from its contents, so it has changed since it was written; copy it again, or calibrate again`,
    );
  }
  const { format: _format, version: _version, ...calibration } = facts;
  return checkCalibration(calibration);
}

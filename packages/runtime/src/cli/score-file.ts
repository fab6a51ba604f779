import { existsSync } from 'node:fs';
import { messageOf } from '../message-of.js';
import { BatchError } from '../model/batch-error.js';
import type { GlowModel } from '../model/model.js';
import type { Score, ScoreOptions } from '../model/score.js';
import { readWholeFile } from '../node/read-file.js';
import { sha256 } from '../node/sha256.js';
import { writeFileAtomic } from '../node/write-file.js';
import { shownName } from '../pictures/shown-name.js';
import { shownImage } from './expand-folders.js';
import type { NamedInputs } from './inputs.js';
import { counted, type Report } from './report.js';
import { forCommands } from './run-program.js';

/**
 * A line of the file of `glow score --out`: an image with its scores, or why it has none. `scoring` is the same for
 * lines of one model and the same options.
 */
type Line = { readonly image: string; readonly scoring: string } & (
  | Omit<Score, 'fitted'>
  | { readonly error: string }
);

/** The images or feature maps whose scores a file has. */
type Scored = Pick<NamedInputs, 'names' | 'noun'>;

/** The options that decide scores. */
interface Scoring
  extends Pick<ScoreOptions, 'draws' | 'bound' | 'seed' | 'fit' | 'calibration' | 'falseAlarms'> {
  readonly label: string | undefined;
  readonly tensor: string | undefined;
}

/** A short hash of what decides scores: the model, its precision and the options. */
export async function scoringOf(
  { manifest, precision }: Pick<GlowModel, 'manifest' | 'precision'>,
  { draws, bound, seed, fit, calibration, falseAlarms, label, tensor }: Scoring,
): Promise<string> {
  const judging = calibration ? [calibration, falseAlarms] : [];
  // Nothing is added without them, so that files of earlier releases, which did not hash them, are still kept.
  const choice = label === undefined && tensor === undefined ? [] : [{ label, tensor }];
  const text = JSON.stringify([manifest, precision, draws, bound, seed, fit, ...judging, ...choice]);
  return (await sha256(new TextEncoder().encode(text))).slice(0, 16);
}

/** Of so many bad images, the reasons are shown. All are in the file. */
const SHOWN = 3;

/**
 * Writes the scores of images, one line of JSON each, in their order. A bad image gets a line with its error, and fails
 * nothing. The file appears when it is complete.
 * @throws the error of the call if it is not about single images.
 */
export async function writeScores(
  out: string,
  scoring: string,
  { names, noun }: Scored,
  call: Promise<readonly Score[]>,
): Promise<Report> {
  const { results, errors } = await settled(call, names);
  const lines = names.map((image, i): Line => {
    const result = results[i];
    if (!result) return { image: shownImage(image), scoring, error: errors.get(i) ?? 'not scored' };
    const { fitted: _, ...score } = result;
    return { image: shownImage(image), scoring, ...score };
  });
  await writeFileAtomic(out, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return reportOf(out, lines, noun, 'wrote');
}

/**
 * The report of a file that an earlier command has completed. Undefined if there is none.
 * @throws Error if the file is about other images, another model or other options.
 */
export async function keepScores(
  out: string,
  scoring: string,
  { names, noun }: Scored,
): Promise<Report | undefined> {
  if (!existsSync(out)) return undefined;
  const lines = readLines(Buffer.from(await readWholeFile(out)).toString());
  const refuse = (what: string) =>
    new Error(`${out} has ${what}; pass another --out, or --force without --resume to replace it`);
  const isComplete = lines?.length === names.length && lines.every(isLine);
  if (!isComplete || lines.some(({ image }, i) => image !== shownImage(names[i] ?? ''))) {
    throw refuse(`the scores of other ${noun}s than these`);
  }
  if (lines.some((line) => line.scoring !== scoring)) {
    throw refuse(
      'scores of another model, or with other --draws, --bound, --seed, --fit, --precision, --calibration, --false-alarms, --label or --tensor',
    );
  }
  return reportOf(out, lines, noun, 'kept');
}

function isLine(line: unknown): line is Line {
  if (typeof line !== 'object' || line === null) return false;
  return 'error' in line
    ? typeof line.error === 'string'
    : 'bitsPerDim' in line && Number.isFinite(line.bitsPerDim);
}

function readLines(text: string): unknown[] | undefined {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The results of a call, and the errors of its single images. */
async function settled(call: Promise<readonly Score[]>, names: readonly string[]) {
  try {
    return { results: await call, errors: new Map<number, string>() };
  } catch (error) {
    const reason = (of: unknown) => forCommands(messageOf(of)).replace(/^score: /, '');
    if (error instanceof BatchError) {
      const errors = new Map(error.errors.map((each) => [each.image, reason(each)]));
      return { results: error.results as readonly (Score | undefined)[], errors };
    }
    // The error of the only image of a call is not wrapped.
    const [name] = names.length === 1 ? names : [];
    if (name === undefined || !messageOf(error).startsWith(`score: ${shownName(name)}`)) throw error;
    return { results: [undefined], errors: new Map([[0, reason(error)]]) };
  }
}

function reportOf(
  out: string,
  lines: readonly Line[],
  noun: NamedInputs['noun'],
  verb: 'wrote' | 'kept',
): Report {
  const bad = lines.flatMap((line) => ('error' in line ? [line] : []));
  const shown = bad.slice(0, SHOWN).map(({ error }) => `  ${error}`);
  const rest = bad.length > SHOWN ? [`  and ${bad.length - SHOWN} more, which the file names`] : [];
  const summary = bad.length > 0 ? `; ${counted(bad.length, noun)} could not be scored:` : '';
  return {
    text: [
      `${verb} ${out}: ${counted(lines.length - bad.length, noun)} scored${summary}`,
      ...shown,
      ...rest,
    ].join('\n'),
    json: { out, images: lines.length, bad },
  };
}

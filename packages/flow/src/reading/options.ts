import { describe } from './describe.js';
import { printable } from './printable.js';

/** What the value of an option must be. */
export interface Rule {
  /** In words, for `must be …`. */
  readonly expected: string;
  /** The type of a right value, as `typeof` gives it. */
  readonly type?: string;
  readonly holds: (value: unknown) => boolean;
}

/** A rule for each option of a type: it does not compile if a name is missing or unknown. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule };

/** For an option whose value is checked where it is used. */
export const anything: Rule = { expected: 'anything', holds: () => true };
export const aFunction: Rule = { expected: 'a function', holds: (value) => typeof value === 'function' };
export const aBoolean: Rule = { expected: 'true or false', holds: (value) => typeof value === 'boolean' };
export const aText: Rule = { expected: 'a text', holds: (value) => typeof value === 'string' };
export const anAbortSignal: Rule = {
  expected: 'an AbortSignal, such as the signal of an AbortController',
  holds: (value) => typeof value === 'object' && value !== null && 'aborted' in value,
};

/** An integer of at least `least`. */
export const integerFrom = (least: number, most = Number.POSITIVE_INFINITY): Rule => ({
  expected: `an integer from ${least} ${most === Number.POSITIVE_INFINITY ? 'on' : `to ${most}`}`,
  type: 'number',
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
});

/** One of some names. */
export const oneOf = (names: readonly string[]): Rule => ({
  expected: names
    .map((name) => `"${name}"`)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1'),
  type: 'string',
  holds: (value) => names.includes(value as string),
});

/** A list of some names. */
export const listOf = (names: readonly string[]): Rule => ({
  expected: `a list of ${oneOf(names).expected}`,
  type: 'object',
  holds: (value) => Array.isArray(value) && value.every((name) => names.includes(name)),
});

/**
 * Checks the options of a call: an object, with known names, each of which has a value that its rule accepts. An option
 * that is undefined counts as left out.
 * @param where the call, for the start of the message.
 * @throws TypeError if an option is unknown, with the name that is likely meant, or if a value is of another type;
 *   RangeError if a value has the right type and is not accepted.
 * @example checkOptions('sample', { cuont: 3 }, rules); // sample: unknown option "cuont"; did you mean count?
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options | undefined,
  rules: Rules<Options>,
): void {
  if (options === undefined) return;
  checkNames(where, options, rules);
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const value: unknown = options[name as keyof Options];
    if (value !== undefined) checkValue(where, name, value, rule);
  }
}

/** @throws RangeError if the value has the right type and the rule does not accept it; TypeError for another type. */
export function checkValue(
  where: string,
  name: string,
  value: unknown,
  { expected, type, holds }: Rule,
): void {
  if (holds(value)) return;
  const Fault = typeof value === type ? RangeError : TypeError;
  throw new Fault(`${where}: ${name} must be ${expected}, got ${describe(value)}`);
}

/** Checks only that options are an object, and that `known` has all of their names. @throws TypeError if not. */
export function checkNames(where: string, options: object, known: object): void {
  const names = Object.keys(known);
  if (typeof options !== 'object' || options === null || Symbol.iterator in options) {
    throw new TypeError(
      `${where}: expected the options as an object, such as { ${names[0]} }, got ${describe(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const meant = closest(name, names);
    const advice = meant === undefined ? `the options are ${names.join(', ')}` : `did you mean ${meant}?`;
    throw new TypeError(
      `${where}: unknown option ${printable(JSON.stringify(name.slice(0, 60)))}; ${advice}`,
    );
  }
}

/** Whether a value is an object with options of a call, and nothing else: options may have come too early. */
export function looksLikeOptions(value: unknown, known: object): boolean {
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => Object.hasOwn(known, name));
}

/** Names that other libraries give to options of this one. */
const otherNames: Readonly<Record<string, string>> = { dtype: 'precision', executionProviders: 'device' };

/** The name that a mistyped one is likely to mean. */
function closest(given: string, names: readonly string[]): string | undefined {
  const bare = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const typed = bare(given.slice(0, 60));
  const [best] = names
    .map((name) => [name, distance(typed, bare(name))] as const)
    .filter(([name, edits]) => edits <= Math.ceil(name.length / 3))
    .sort(([, a], [, b]) => a - b);
  const contains = (name: string) =>
    typed.length > 3 && (bare(name).includes(typed) || typed.includes(bare(name)));
  return best?.[0] ?? names.find((name) => name === otherNames[given]) ?? names.find(contains);
}

/** Letters to insert, remove or replace (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

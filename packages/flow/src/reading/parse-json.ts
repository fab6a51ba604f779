import { show } from './show.js';

/** How much of a JSON text is read, and its name in messages. */
export interface JsonLimits {
  /** The text in messages, such as `manifest.json`. */
  readonly where: string;
  /** The longest text: in bytes, or in characters of a string. */
  readonly maxLength: number;
  /** The most values: numbers, texts, lists and objects, at every depth together. */
  readonly maxValues: number;
  /** The most keys of all objects together; default `maxValues`. An object of many different keys is slow to make. */
  readonly maxKeys?: number;
}

/** Lists and objects inside each other. Our files need 6; code that walks a value may then use recursion. */
const maxDepth = 32;

// The library compiles without the types of Node and browsers; both have this class.
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: true });
  decode(bytes: Uint8Array): string;
}

/**
 * Parses JSON from outside. Length, depth and number of values are limited before a value is made, so a small file
 * cannot take much memory, and code that walks the result cannot run out of stack. A key that an object has twice is an
 * error, because readers of JSON disagree on which value counts. A key `__proto__` is a field like any other.
 * @param source text, or its bytes in UTF-8.
 * @throws SyntaxError if the source is not JSON in UTF-8 or repeats a key. @throws RangeError above a limit.
 */
export function parseJson(source: string | Uint8Array, limits: JsonLimits): unknown {
  const { where, maxLength } = limits;
  if (source.length > maxLength) {
    const unit = typeof source === 'string' ? 'characters' : 'bytes';
    throw new RangeError(`${where}: expected at most ${maxLength} ${unit} of JSON, got ${source.length}`);
  }
  const text = typeof source === 'string' ? source : decodeUtf8(source, where);
  checkStructure(text, limits);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`${where}: not valid JSON; the file is damaged or cut short`, { cause });
  }
}

/** As `parseJson`, for a text whose outermost value is an object. @throws SyntaxError also if it is not. */
export function parseJsonObject(source: string | Uint8Array, limits: JsonLimits): Record<string, unknown> {
  const value = parseJson(source, limits);
  if (isObject(value)) return value;
  throw new SyntaxError(`${limits.where}: expected a JSON object, got ${show(value)}`);
}

/** Whether a value of a JSON text is an object, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError(`${where}: not valid JSON in UTF-8; the file is damaged`, { cause });
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Reads the punctuation of a text that may not be JSON, before JSON.parse makes its values. Each comma and each bracket
 * can add one value.
 */
function checkStructure(text: string, { where, maxValues, maxKeys = maxValues }: JsonLimits): void {
  const open: (Set<string> | undefined)[] = []; // keys of the open objects; undefined for a list
  let values = 1;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) {
      const end = endOfString(text, at);
      if (isKey(text, end)) {
        addKey(text.slice(at, end), open.at(-1), where);
        keys++;
      }
      at = end - 1;
    } else if (character === COMMA) {
      values++;
    } else if ((character | 0x20) === 0x7b) {
      values++;
      open.push(character === 0x7b ? new Set() : undefined); // { or [
      if (open.length > maxDepth) {
        throw new RangeError(`${where}: expected at most ${maxDepth} lists and objects inside each other`);
      }
    } else if ((character | 0x20) === 0x7d) {
      open.pop(); // } or ]
    }
    if (values > maxValues) throw new RangeError(`${where}: expected at most ${maxValues} values of JSON`);
    if (keys > maxKeys) throw new RangeError(`${where}: expected at most ${maxKeys} keys of objects`);
  }
}

/** The place behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (isSpace(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === COLON;
}

function isSpace(character: number): boolean {
  return character === 0x20 || character === 0x0a || character === 0x0d || character === 0x09;
}

function addKey(quoted: string, keys: Set<string> | undefined, where: string): void {
  const key = quoted.includes('\\') ? unquote(quoted) : quoted.slice(1, -1);
  if (keys?.has(key)) throw new SyntaxError(`${where}: one object has the key ${show(key)} twice`);
  keys?.add(key);
}

/** A key that is not valid JSON stays as it is: JSON.parse reports it. */
function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted);
  } catch {
    return quoted;
  }
}

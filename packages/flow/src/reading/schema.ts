import { isObject } from './parse-json.js';

/**
 * Checks values from outside, such as parsed JSON. The functions are named as those of zod/mini, of which they are the
 * part that this package needs: zod would be a fifth of what the runtime sends to a browser.
 */

type Path = readonly PropertyKey[];

/** The fault of a value: where it is and what was expected. */
export type Issue = { readonly path: Path } & (
  | { readonly code: 'invalid_type'; readonly expected: string }
  | { readonly code: 'invalid_value'; readonly values: readonly unknown[] }
  | { readonly code: 'too_small'; readonly minimum: number }
  | { readonly code: 'too_big'; readonly maximum: number }
  | { readonly code: 'not_multiple_of'; readonly divisor: number }
  | { readonly code: 'unrecognized_keys'; readonly keys: readonly string[] }
  | { readonly code: 'invalid_format'; readonly pattern: string }
);

/** What a check finds wrong with a value; undefined if the value is right. */
type Fault = Issue extends infer I ? (I extends Issue ? Omit<I, 'path'> : never) : never;
type Check<T> = (value: T) => Fault | undefined;

export interface Schema<T> {
  /** @returns the value, or the first fault. */
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: SchemaError };
  /** The same schema with more checks, which run in order. */
  check(...checks: Check<T>[]): Schema<T>;
  /** @throws SchemaError with the path below `path`. */
  read(value: unknown, path: Path): T;
}

/** The type of a schema's values. */
type Of<S> = S extends Schema<infer T> ? T : never;

export type { Of as infer };

type Shape = Readonly<Record<string, Schema<unknown>>>;
type OptionalKeys<S extends Shape> = {
  [K in keyof S]: undefined extends Of<S[K]> ? (unknown extends Of<S[K]> ? never : K) : never;
}[keyof S];
type ObjectOf<S extends Shape> = { [K in Exclude<keyof S, OptionalKeys<S>>]: Of<S[K]> } & {
  [K in OptionalKeys<S>]?: Of<S[K]>;
};

class SchemaError extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super('the value does not fit its schema');
  }
}

function schema<T>(read: Schema<T>['read']): Schema<T> {
  return {
    read,
    safeParse(value) {
      try {
        return { success: true, data: read(value, []) };
      } catch (error) {
        if (error instanceof SchemaError) return { success: false, error };
        throw error;
      }
    },
    check: (...checks) =>
      schema((value, path) => {
        const found = read(value, path);
        for (const check of checks) {
          const fault = check(found);
          if (fault) throw new SchemaError([{ ...fault, path } as Issue]);
        }
        return found;
      }),
  };
}

const typed = <T>(expected: string, is: (value: unknown) => boolean) =>
  schema<T>((value, path) => {
    if (!is(value)) throw new SchemaError([{ code: 'invalid_type', expected, path }]);
    return value as T;
  });

const record = () => typed<Record<string, unknown>>('object', isObject);

export const unknown = () => typed<unknown>('unknown', () => true);
export const string = () => typed<string>('string', (value) => typeof value === 'string');
export const boolean = () => typed<boolean>('boolean', (value) => typeof value === 'boolean');
export const number = () => typed<number>('number', Number.isFinite);
export const int = () =>
  number().check((value) =>
    Number.isSafeInteger(value) ? undefined : { code: 'invalid_type', expected: 'int' },
  );

/** One of these values. */
function oneOf<const T>(values: readonly T[]): Schema<T> {
  return schema((value, path) => {
    if (!values.includes(value as T)) throw new SchemaError([{ code: 'invalid_value', values, path }]);
    return value as T;
  });
}

export { oneOf as enum };
/** This value, or one of these. */
export const literal = <const T extends string | number>(value: T | readonly T[]): Schema<T> =>
  oneOf(typeof value === 'object' ? value : [value]);

export const nullable = <T>(inner: Schema<T>): Schema<T | null> =>
  schema((value, path) => (value === null ? null : inner.read(value, path)));
export const optional = <T>(inner: Schema<T>): Schema<T | undefined> =>
  schema((value, path) => (value === undefined ? undefined : inner.read(value, path)));

/** `value` for a field that is not given. */
export const _default = <T>(inner: Schema<T>, value: T): Schema<T> =>
  schema((given, path) => (given === undefined ? value : inner.read(given, path)));

export const array = <T>(element: Schema<T>): Schema<T[]> =>
  schema((value, path) =>
    typed<unknown[]>('array', Array.isArray)
      .read(value, path)
      .map((each, i) => element.read(each, [...path, i])),
  );
export const tuple = <A, B>([a, b]: readonly [Schema<A>, Schema<B>]): Schema<[A, B]> =>
  schema((value, path) => {
    const isPair = (given: unknown) => Array.isArray(given) && given.length === 2;
    const [first, second] = typed<unknown[]>('tuple', isPair).read(value, path);
    return [a.read(first, [...path, 0]), b.read(second, [...path, 1])];
  });

function fieldsOf<S extends Shape>(shape: S, value: Record<string, unknown>, path: Path): ObjectOf<S> {
  const entries = Object.entries(shape).map(([key, field]) => {
    const own = Object.hasOwn(value, key) ? value[key] : undefined;
    return [key, field.read(own, [...path, key])] as const;
  });
  return Object.fromEntries(
    entries.filter(([key, own]) => own !== undefined || Object.hasOwn(value, key)),
  ) as ObjectOf<S>;
}

/** An object with these fields and no others. */
export const strictObject = <S extends Shape>(shape: S): Schema<ObjectOf<S>> =>
  schema((value, path) => {
    const given = record().read(value, path);
    const fields = fieldsOf(shape, given, path);
    const keys = Object.keys(given).filter((key) => !Object.hasOwn(shape, key));
    if (keys.length > 0) throw new SchemaError([{ code: 'unrecognized_keys', keys, path }]);
    return fields;
  });
/** An object with these fields, and any others. */
export const looseObject = <S extends Shape>(shape: S): Schema<ObjectOf<S> & Record<string, unknown>> =>
  schema((value, path) => {
    const given = record().read(value, path);
    return { ...given, ...fieldsOf(shape, given, path) };
  });

export const minimum =
  (least: number): Check<number> =>
  (value) =>
    value < least ? { code: 'too_small', minimum: least } : undefined;
export const maximum =
  (most: number): Check<number> =>
  (value) =>
    value > most ? { code: 'too_big', maximum: most } : undefined;
export const positive = (): Check<number> => (value) =>
  value > 0 ? undefined : { code: 'too_small', minimum: 0 };
export const multipleOf =
  (divisor: number): Check<number> =>
  (value) =>
    value % divisor === 0 ? undefined : { code: 'not_multiple_of', divisor };
export const regex =
  (pattern: RegExp): Check<string> =>
  (value) =>
    pattern.test(value) ? undefined : { code: 'invalid_format', pattern: String(pattern) };

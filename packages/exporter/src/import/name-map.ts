import { isObject, type SafetensorsTensor, show } from '@glow-onnx/flow/internal';
import type { Tensors } from './foreign-weights.js';
import { type LayoutName, layoutNames } from './layouts.js';
import { transposed } from './transpose.js';

/** A tensor's new name, and what to do with its axes. */
interface Target {
  readonly name: string;
  readonly transpose?: readonly number[];
}

interface Rule {
  readonly pattern: RegExp;
  readonly from: string;
  readonly target: Target;
}

/** The name of the tensor with our config, see `own.ts`. */
const configName = 'config';
const fields = ['layout', 'names', 'config'];

/**
 * Gives tensors the names of a layout by a map that a user wrote:
 * `{ "layout": "port", "names": { "net.<a>.<b>.an.loc": "blocks.<a>.flows.<b>.actnorm.loc" } }`. `<a>` stands for a number,
 * `<a+1>` and `<a-1>` for the number beside it. In place of a name, `{ "name": …, "transpose": [3, 2, 0, 1] }` also
 * reorders axes as numpy's transpose does. Neither another placeholder nor a digit may stand beside a placeholder. The first pattern that matches a name counts; other names stay. For layout `glow-onnx`,
 * `config` states the config.
 * @throws TypeError or RangeError naming the field of the map that is wrong, a pattern without a tensor, or a name that two
 * tensors get.
 */
export function applyNameMap(
  tensors: Tensors,
  map: unknown,
  from: LayoutName | 'auto',
): { tensors: Tensors; layout: LayoutName | 'auto' } {
  if (!isObject(map))
    throw new TypeError(`map: expected an object with ${fields.join(', ')}, got ${show(map)}`);
  const unknown = Object.keys(map).find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`map: unknown field ${show(unknown)}; the fields are ${fields.join(', ')}`);
  }
  const layout = layoutOf(map.layout, from);
  const rules = rulesOf(map.names);
  const used = new Set<Rule>();
  const renamed: Record<string, SafetensorsTensor> = Object.create(null);
  for (const [name, tensor] of Object.entries(tensors)) {
    const rule = rules.find(({ pattern }) => pattern.test(name));
    if (rule) used.add(rule);
    const to = rule ? newName(name, rule) : name;
    if (to in renamed)
      throw new RangeError(`map: two tensors get the name ${show(to)}, the second is ${show(name)}`);
    renamed[to] = rule?.target.transpose ? transposed(name, tensor, rule.target.transpose) : tensor;
  }
  const idle = rules.find((rule) => !used.has(rule));
  if (idle)
    throw new RangeError(`map: no tensor is called like ${show(idle.from)}; remove it, or correct it`);
  if (map.config !== undefined) renamed[configName] = configTensor(map.config);
  return { tensors: renamed, layout };
}

function layoutOf(value: unknown, from: LayoutName | 'auto'): LayoutName | 'auto' {
  if (value === undefined || value === from) return from;
  const named = layoutNames.find((name) => name === value);
  if (!named)
    throw new RangeError(`map: layout: expected one of ${layoutNames.join(', ')}, got ${show(value)}`);
  if (from !== 'auto')
    throw new RangeError(`map: layout is ${named}, but --from is ${from}; pass one of them`);
  return named;
}

function rulesOf(names: unknown): Rule[] {
  if (!isObject(names)) {
    throw new TypeError(
      `map: names: expected an object of names of the file and names of a layout, got ${show(names)}`,
    );
  }
  return Object.entries(names).map(([from, to]) => {
    const target = typeof to === 'string' ? { name: to } : targetOf(from, to);
    if (target.name === '')
      throw new RangeError(`map: ${show(from)} has no new name; fill it in, or remove the line`);
    const unclear = beside.exec(from)?.[0];
    if (unclear !== undefined) {
      throw new RangeError(
        `map: ${show(from)}: ${show(unclear)} does not tell where the number ends; put another character than a digit ` +
          'between',
      );
    }
    const numbers = new Set<string>();
    const pattern = from
      .split(/(<\w+>)/)
      .map((part) => {
        const number = /^<(\w+)>$/.exec(part)?.[1];
        if (number === undefined) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
        if (numbers.has(number)) return `\\k<n${number}>`;
        numbers.add(number);
        return `(?<n${number}>\\d{1,6})`;
      })
      .join('');
    for (const [, number = ''] of target.name.matchAll(placeholder)) {
      if (!numbers.has(number))
        throw new RangeError(`map: <${number}> in ${show(target.name)} is not in ${show(from)}`);
    }
    return { pattern: new RegExp(`^${pattern}$`), from, target };
  });
}

/** A number beside another can be divided in many ways, and trying all of them can take for ever. */
const beside = /<\w+>(<\w+>|\d)|\d<\w+>/;

const placeholder = /<(\w+?)(?:([+-])(\d{1,6}))?>/g;

function targetOf(from: string, value: unknown): Target {
  const { name, transpose, ...rest } = isObject(value) ? value : {};
  const axes = transpose === undefined || isPermutation(transpose);
  if (typeof name !== 'string' || !axes || Object.keys(rest).length > 0) {
    throw new TypeError(
      `map: ${show(from)}: expected a name, or { "name": …, "transpose": [axes] }, got ${show(value)}`,
    );
  }
  return { name, ...(transpose !== undefined && { transpose: transpose as number[] }) };
}

function isPermutation(value: unknown): boolean {
  return Array.isArray(value) && [...value].sort().every((axis, i) => axis === i);
}

function newName(name: string, { pattern, target }: Rule): string {
  const numbers = pattern.exec(name)?.groups ?? {};
  return target.name.replaceAll(placeholder, (_, number: string, sign?: string, by = '0') =>
    String(Number(numbers[`n${number}`]) + (sign === '-' ? -1 : 1) * Number(by)),
  );
}

function configTensor(config: unknown): SafetensorsTensor {
  const data = new TextEncoder().encode(JSON.stringify(config));
  return { dtype: 'U8', shape: [data.length], data };
}

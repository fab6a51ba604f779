import { type OpenedWeights, openForeignWeights, type Tensors } from './foreign-weights.js';
import type { ImportedModel, ImportOverrides, Layout } from './layout.js';
import type { LayoutName } from './layouts.js';

/** Weights as the last step of training left them, or their moving average. */
export type WeightsChoice = 'model' | 'ema';

/** The model of a file. */
export interface FoundModel {
  readonly model: ImportedModel;
  readonly layout: LayoutName;
  readonly notes: readonly string[];
}

/** One layout tried on a file. */
export interface Attempt {
  readonly layout: Layout<LayoutName>;
  /** The tensors under the prefix that was chosen; undefined if no name is of this layout. */
  readonly weights?: OpenedWeights;
  readonly found?: FoundModel;
  /** Why the model could not be read. */
  readonly error?: Error;
}

/** Reads a model by one layout. */
export function tryLayout(
  tensors: Tensors,
  layout: Layout<LayoutName>,
  choice: WeightsChoice | undefined,
  overrides: ImportOverrides,
): Attempt {
  let weights: OpenedWeights | undefined;
  try {
    const located = choosePrefix(Object.keys(tensors), layout, choice);
    if (!located) return { layout };
    weights = openForeignWeights(tensors, layout, located.prefix);
    const model = layout.read(weights, overrides);
    const left = weights.finish();
    const notes = [
      ...located.notes,
      ...(layout.notes?.(model) ?? []),
      ...(left.length > 0 ? [leftOut(left)] : []),
    ];
    return { layout, weights, found: { model, layout: layout.name, notes } };
  } catch (error) {
    return { layout, ...(weights && { weights }), error: error as Error };
  }
}

function leftOut(names: readonly string[]): string {
  const some = names.slice(0, 3).join(', ');
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `not part of the flow, left out: ${some}${more}`;
}

/** Programs write averaged weights under such a prefix. */
const averaged = /(^|[._/])(ema|avg|averaged?|shadow|swa|ExponentialMovingAverage)[._/]/i;

function choosePrefix(names: readonly string[], { name, anchor }: Layout, choice: WeightsChoice | undefined) {
  const prefixes = new Set<string>();
  for (const text of names) {
    const prefix = anchor.exec(text)?.[1];
    if (prefix !== undefined) prefixes.add(prefix);
  }
  if (prefixes.size === 0) return undefined;
  const isAveraged = (prefix: string): boolean => averaged.test(prefix);
  const ema = [...prefixes].filter(isAveraged);
  const plain = [...prefixes].filter((prefix) => !isAveraged(prefix));
  if (choice === 'ema' && ema.length === 0) {
    throw new RangeError(
      `import (${name}): expected averaged weights under a name such as "ema.", got ${quoted(plain)}; ` +
        'pass --weights model',
    );
  }
  const chosen = choice === 'ema' || plain.length === 0 ? ema : plain;
  if (chosen.length > 1) {
    throw new RangeError(
      `import (${name}): expected one model, got one under each of ${quoted(chosen)}; save one model per file`,
    );
  }
  if (choice === 'model' && plain.length === 0) {
    throw new RangeError(
      `import (${name}): expected the weights of the last step, got only averaged ones under ${quoted(ema)}; ` +
        'pass --weights ema',
    );
  }
  const notes =
    plain.length === 0
      ? [`the file has averaged weights alone (${quoted(ema)})`]
      : ema.length > 0 && choice === undefined
        ? [`took the weights of the last step; the file has averaged ones too: --weights ema`]
        : [];
  return { prefix: chosen[0] as string, notes };
}

const quoted = (prefixes: readonly string[]): string =>
  prefixes.map((text) => JSON.stringify(text)).join(', ');

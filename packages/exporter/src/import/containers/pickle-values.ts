import type { Budget } from './budget.js';

/** The name of a Python class or function. The name is all that is known of it: nothing is ever looked up or called. */
export class GlobalName {
  constructor(readonly name: string) {}
}

/** Memory of an empty dict or inert object, which takes one byte of a pickle. */
export const objectBytes = 256;

/** An object of a class that the reader does not know, as inert data. */
export class InertObject {
  /** Its attributes, as the pickle gives them. */
  state: unknown;
  /** What it holds if it is a kind of dict or list. */
  readonly entries = new Map<unknown, unknown>();
  readonly items: unknown[] = [];
  constructor(readonly of: string) {}
}

/** A call that copies its arguments asks the budget first: a few bytes of a pickle can recall a long list. */
export type KnownCall = (args: readonly unknown[], budget: Budget) => unknown;

/** What a reader of pickles knows beyond plain values. */
export interface PickleReader {
  /** Functions and classes that may be called, by their full name. Each computes in our code what Python would. */
  readonly calls: ReadonlyMap<string, KnownCall>;
  /** What the file may ask for; operations and objects count too. */
  readonly budget: Budget;
  /** The object of a persistent id, such as a storage of PyTorch. */
  persistent(id: unknown): unknown;
}

/** Classes and functions whose result is plain data that no weights need. They are not called either. */
export const harmless: ReadonlySet<string> = new Set([
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.complex',
  'builtins.frozenset',
  'builtins.range',
  'builtins.set',
  'builtins.slice',
  '__builtin__.bytearray',
  '__builtin__.complex',
  '__builtin__.frozenset',
  '__builtin__.set',
  '__builtin__.slice',
  '__builtin__.xrange',
  'collections.Counter',
  'collections.defaultdict',
  'collections.deque',
  'copy_reg._reconstructor',
  'copyreg._reconstructor',
  'datetime.date',
  'datetime.datetime',
  'datetime.timedelta',
  'decimal.Decimal',
  'fractions.Fraction',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar',
  'numpy.dtype',
  'numpy.ndarray',
  'pathlib.Path',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
  'pathlib.PureWindowsPath',
  'pathlib.WindowsPath',
  'torch.device',
  'torch.serialization._get_layout',
  'uuid.UUID',
]);

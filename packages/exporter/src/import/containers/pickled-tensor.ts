import { type SafetensorsDtype, type SafetensorsTensor, show } from '@glow-onnx/flow/internal';
import type { Budget } from './budget.js';
import { GlobalName, InertObject, type KnownCall, objectBytes, type PickleReader } from './pickle-values.js';
import { rowMajor } from './strided.js';

/** Numbers that tensors of a file share. */
export class Storage {
  constructor(
    readonly dtype: SafetensorsDtype | undefined,
    /** Little-endian; in files of PyTorch before 1.6 they come after the pickle. */
    public bytes: Uint8Array | undefined,
  ) {}
}

/** A tensor as a pickle describes it. */
export class PickledTensor {
  constructor(
    private readonly storage: Storage,
    private readonly dtype: SafetensorsDtype | undefined,
    private readonly offset: unknown,
    private readonly shape: unknown,
    private readonly strides: unknown,
  ) {}

  /** The numbers; undefined for complex and other types that no weights have. @throws RangeError as `rowMajor`. */
  read(where: string, budget: Budget): SafetensorsTensor | undefined {
    const { dtype, offset, shape, strides } = this;
    if (!dtype) return undefined;
    const { bytes } = this.storage;
    if (!isNumbers(shape) || !isNumbers(strides) || typeof offset !== 'number' || !bytes) {
      throw new SyntaxError(
        `${where}: expected a shape with strides, got ${show(shape)} with ${show(strides)}`,
      );
    }
    return rowMajor(where, { dtype, shape, strides, offset, bytes }, budget);
  }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

const storageTypes = new Map<string, SafetensorsDtype>(
  Object.entries({
    DoubleStorage: 'F64',
    FloatStorage: 'F32',
    HalfStorage: 'F16',
    BFloat16Storage: 'BF16',
    LongStorage: 'I64',
    IntStorage: 'I32',
    ShortStorage: 'I16',
    CharStorage: 'I8',
    ByteStorage: 'U8',
    UntypedStorage: 'U8',
    BoolStorage: 'BOOL',
  } as const),
);

const dtypes = new Map<string, SafetensorsDtype>(
  Object.entries({
    'torch.float64': 'F64',
    'torch.float32': 'F32',
    'torch.float16': 'F16',
    'torch.bfloat16': 'BF16',
    'torch.int64': 'I64',
    'torch.int32': 'I32',
    'torch.int16': 'I16',
    'torch.int8': 'I8',
    'torch.uint8': 'U8',
    'torch.uint16': 'U16',
    'torch.uint32': 'U32',
    'torch.uint64': 'U64',
    'torch.bool': 'BOOL',
  } as const),
);

/** What the pickles of `torch.save` call. */
export const tensorCalls: PickleReader['calls'] = new Map([
  ['torch._utils._rebuild_tensor', (args) => rebuildTensor(args)],
  ['torch._utils._rebuild_tensor_v2', (args) => rebuildTensor(args)],
  [
    'torch._utils._rebuild_tensor_v3',
    ([storage, offset, shape, strides, , , dtype]) => rebuildTensor([storage, offset, shape, strides], dtype),
  ],
  ['torch._utils._rebuild_parameter', ([data]) => data],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => data],
  [
    'torch._tensor._rebuild_from_type_v2',
    ([rebuild, , args]) => {
      const isPlain = rebuild instanceof GlobalName && rebuild.name === 'torch._utils._rebuild_tensor_v2';
      return isPlain && Array.isArray(args) ? rebuildTensor(args) : new InertObject('torch.Tensor');
    },
  ],
  ['torch.Size', ([extents]) => extents],
  ['collections.OrderedDict', orderedDict],
] as readonly (readonly [string, KnownCall])[]);

function rebuildTensor(
  [storage, offset, shape, strides]: readonly unknown[],
  dtype?: unknown,
): PickledTensor {
  if (!(storage instanceof Storage))
    throw new SyntaxError('PyTorch: a tensor has no storage; the file is damaged');
  const stated = dtype instanceof GlobalName ? dtypes.get(dtype.name) : storage.dtype;
  return new PickledTensor(storage, stated, offset, shape, strides);
}

/** Memory of one entry of a Map. */
const entryBytes = 64;

function orderedDict([pairs]: readonly unknown[], budget: Budget): Map<unknown, unknown> {
  const dict = new Map<unknown, unknown>();
  budget.take(objectBytes, 'pickle: an OrderedDict');
  if (!Array.isArray(pairs)) return dict;
  budget.take(pairs.length * entryBytes, `pickle: an OrderedDict of ${pairs.length} pairs`);
  for (const pair of pairs) if (Array.isArray(pair)) dict.set(pair[0], pair[1]);
  return dict;
}

/** The element type of `torch.FloatStorage` and its like. */
export function storageDtype(type: unknown): SafetensorsDtype | undefined {
  const name = type instanceof GlobalName ? type.name.split('.').at(-1) : undefined;
  return name === undefined ? undefined : storageTypes.get(name);
}

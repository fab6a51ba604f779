/** Reasons of the system, in words. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EBADF: 'it is not open for that',
  EBUSY: 'another program uses it',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file is in its place',
  EFBIG: 'the file is larger than allowed',
  EIO: 'the device reports an error',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'this process has too many open files',
  ENAMETOOLONG: 'its name is too long',
  ENFILE: 'the system has too many open files',
  ENOENT: 'no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  ENOTEMPTY: 'the folder is not empty',
  EPERM: 'permission denied',
  EPIPE: 'its reader has ended',
  EROFS: 'the disk is read-only',
  ESTALE: 'the network disk has lost it',
  EXDEV: 'it is on another disk',
};

/** An error of the system in words. */
class SystemError extends Error {
  /** The code that the system gave, such as `ENOSPC`. */
  readonly code: string | undefined;

  constructor(message: string, cause: NodeJS.ErrnoException) {
    super(message, { cause });
    this.code = cause.code;
  }
}

/** The reason of an error of the system: `the disk is full (ENOSPC)`. Undefined for any other error. */
export function systemReason(error: unknown): string | undefined {
  const { code = '', syscall } = causeOf(error) ?? {};
  return syscall !== undefined && code in reasons ? `${reasons[code]} (${code})` : undefined;
}

/**
 * An error of the system in words, with the path that the user knows: `runs/a cannot be written: the disk is full
 * (ENOSPC)`. It keeps the code. If the error is in words already, this path replaces the path in it. Any other error
 * stays as it is.
 * @param advice what to do, for the end of the sentence.
 */
export function explainSystemError(
  action: 'read' | 'written',
  path: string,
  error: unknown,
  advice?: string,
): unknown {
  const reason = systemReason(error);
  if (reason === undefined) return error;
  const sentence = `${path} cannot be ${action}: ${reason}`;
  return new SystemError(advice === undefined ? sentence : `${sentence}; ${advice}`, causeOf(error));
}

function causeOf(error: unknown): NodeJS.ErrnoException {
  return (error instanceof SystemError ? error.cause : error) as NodeJS.ErrnoException;
}

/** Does work on a file or folder. @throws the errors of the system in words, see `explainSystemError`. */
export async function explained<T>(
  action: 'read' | 'written',
  path: string,
  work: () => Promise<T>,
  advice?: string,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainSystemError(action, path, error, advice);
  }
}

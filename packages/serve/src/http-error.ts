import { messageOf } from '@glow-onnx/runtime/internal';
import { BatchError, MemoryError, WorkerError } from '@glow-onnx/runtime/node';

/** An error with the HTTP status that the client gets. Its message is meant for the client. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly statusCode: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The answer to a call of a model that failed. An error of the input is the client's. An error of the model is not, and
 * its message stays in the log.
 */
export function fromModelError(cause: unknown): HttpError {
  if (cause instanceof HttpError) return cause;
  if (cause instanceof BatchError) return fromModelError(cause.errors[0]);
  if (cause instanceof WorkerError)
    return new HttpError(503, 'the worker of the model ended; try again', { cause });
  if (cause instanceof MemoryError) return new HttpError(413, cause.message, { cause });
  if (cause instanceof TypeError || cause instanceof RangeError) {
    return new HttpError(400, forClients(cause.message), { cause });
  }
  return new HttpError(500, 'the model failed; the log of the server has the reason', { cause });
}

/** A message of the runtime without advice that only the program itself can follow. */
function forClients(message: string): string {
  return message.replace(/, or (decode it and pass its pixels|load the model with a larger max\w+)/, '');
}

/** Does work on what a client sent. @throws HttpError 400 if it fails. */
export function asClientError<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    throw new HttpError(400, forClients(messageOf(cause)), { cause });
  }
}

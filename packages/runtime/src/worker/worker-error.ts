/**
 * A worker of a model has ended during a call, or does not start. Only this call is lost: other calls go on, and a new
 * worker takes the place of the old one.
 * @example
 * try {
 *   await model.encode(upload);
 * } catch (error) {
 *   if (error instanceof WorkerError) response.status(503).end();
 * }
 */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

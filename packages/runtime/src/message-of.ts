/** The message of whatever was thrown; also of an error from another realm, such as a frame or a vm context. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}

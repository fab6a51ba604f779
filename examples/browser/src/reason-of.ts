const call = /^\w+: /;
const known = /^(the image cannot be read|device "\w+" is not available here): /;
const advice = /;.*/;

/** The part of an error message for visitors: "expected a PNG, …" of "prepare: the image cannot be read: expected a PNG, …; convert it, …". */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(call, '').replace(known, '').replace(advice, '');
}

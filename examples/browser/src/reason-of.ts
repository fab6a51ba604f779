const call = /^\w+: /;
const known = /^(the picture cannot be read|device "\w+" is not available here): /;
const advice = /;.*/;

/** Of "prepare: the picture cannot be read: expected a PNG, …; convert it, …" what a visitor can use. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(call, '').replace(known, '').replace(advice, '');
}

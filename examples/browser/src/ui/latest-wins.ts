/**
 * For controls that change faster than a model answers. During a run only the latest request waits. Each run shows
 * its result, so the image follows the slider while it moves.
 */
export function latestWins<Args extends unknown[]>(
  run: (...args: Args) => Promise<void>,
  onError: (error: unknown) => void,
): (...args: Args) => Promise<void> {
  let waiting: Args | undefined;
  let running: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (waiting) {
      const args = waiting;
      waiting = undefined;
      await run(...args).catch(onError);
    }
    running = undefined;
  }
  return (...args) => {
    waiting = args;
    running ??= work();
    return running;
  };
}

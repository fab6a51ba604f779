/**
 * For controls that ask faster than a model answers: while a run is under way, only the latest request waits, and
 * every run that ends shows something, so a picture follows the slider instead of waiting for it to stop.
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

// Times of runs that take turns, in Node and in browsers: nothing here is imported.

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export function wallTime() {
  return performance.now();
}

/**
 * Times of every run in ms, round after round, so that a busy moment of the machine hits all alike. Each round begins
 * with another run.
 * @param seconds of all runs together; three rounds at least.
 * @param clock in ms.
 * @param before is called before each run, and not timed.
 */
export async function takeTurns(runs, seconds, { clock = wallTime, before = () => {} } = {}) {
  for (const run of runs) await run();
  const rounds = [];
  const end = performance.now() + 1000 * seconds;
  while (rounds.length < 3 || performance.now() < end) {
    const times = [];
    for (let i = 0; i < runs.length; i++) {
      const which = (i + rounds.length) % runs.length;
      before();
      const started = clock();
      await runs[which]();
      times[which] = clock() - started;
    }
    rounds.push(times);
  }
  return rounds;
}

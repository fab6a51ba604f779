import { el } from './dom.js';

export interface Player {
  /** The buttons "Pause" and the one that skips. */
  readonly controls: readonly HTMLElement[];
  /** Calls `draw` with 0 … 1 for this number of milliseconds of playing. During a skip it calls `draw(1)` at once. */
  animate(ms: number, draw: (progress: number) => void): Promise<void>;
  /** Whether the player starts paused, because the user prefers less motion. */
  readonly still: boolean;
  /** Draws the ends of animations at once, until `finish`. */
  skip(): void;
  /** Whether the element is out of sight. */
  readonly isOut: boolean;
  /** Ends a skip. */
  finish(): void;
}

/**
 * Plays animations one after another. Pauses by a button; starts paused if the user prefers less motion. Out of sight it
 * goes to the next place where a skip ends, and pauses there.
 * @param nextTitle the title of the button that skips.
 * @param shown the element whose sight counts.
 * @param ended ends all animations at once.
 */
export function player(nextTitle: string, shown: Element, ended: AbortSignal): Player {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  let paused = still;
  let skipping = still;
  let inSight = true;
  const toggle = el('button', { type: 'button' });
  const next = el('button', { type: 'button' }, nextTitle);
  const refresh = () => {
    toggle.textContent = paused ? 'Play' : 'Pause';
  };
  toggle.addEventListener('click', () => {
    paused = !paused;
    refresh();
  });
  next.addEventListener('click', () => {
    skipping = true;
  });
  refresh();
  new IntersectionObserver(([entry]) => {
    inSight = entry?.isIntersecting ?? true;
    if (!inSight) skipping = true;
  }).observe(shown);

  return {
    controls: [toggle, next],
    still,
    skip() {
      skipping = true;
    },
    get isOut() {
      return !inSight;
    },
    finish() {
      skipping = false;
    },
    animate: (ms, draw) =>
      new Promise((resolve) => {
        let [spent, last] = [0, performance.now()];
        const tick = (now: number) => {
          const isPlaying = !paused && inSight;
          if (isPlaying) spent += now - last;
          last = now;
          const progress = skipping || ended.aborted ? 1 : Math.min(Math.max(spent / ms, 0), 1);
          if (isPlaying || progress === 1) draw(progress);
          if (progress < 1) requestAnimationFrame(tick);
          else resolve();
        };
        requestAnimationFrame(tick);
      }),
  };
}

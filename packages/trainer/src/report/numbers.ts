import type { Dequantisation } from '@glow-onnx/flow';

/** A number with its noun: 1 step, 2 steps, 1,234 steps. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

/** A speed in images per second: 3.4, 56. */
export function speed(imagesPerSecond: number): string {
  return imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0);
}

/** A time: 5m03s, 1h23m. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes >= 60
    ? `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
    : `${minutes}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`;
}

/** How a bound is named after bits/dim. Numbers have none. */
export const ofBound = (bound: Dequantisation | undefined): string => (bound ? `, ${bound} bound` : '');

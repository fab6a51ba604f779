import { count, duration, speed } from '../report/numbers.js';
import type { Forecast } from '../run/forecast.js';

/** The lines that tell a forecast: what is measured, what is a rule of thumb and what is an estimate. */
export function describeForecast(found: Forecast): string[] {
  const { imagesPerSecond, stepsLeft, secondsLeft, endsByTime, smaller } = found;
  const ends = new Date(Date.now() + 1000 * secondsLeft).toLocaleString('en-GB', {
    ...{ weekday: 'short', hour: '2-digit', minute: '2-digit' },
  });
  const by = endsByTime ? '; the time budget ends the run' : '';
  return [
    `${speed(imagesPerSecond)} images/s: ${count(stepsLeft, 'step')} more in ${duration(secondsLeft)}, until about ${ends}${by}`,
    ...describeShapes(found),
    ...(smaller
      ? [
          `  --steps ${smaller.steps} would be about ${smaller.timesAsFast.toFixed(1)} times as fast (estimated from its multiplications)`,
        ]
      : []),
  ];
}

function describeShapes({ shapes, secondsLeft }: Forecast): string[] {
  if (!shapes || shapes.seconds[1] === 0) return [];
  const [soon, late] = shapes.seconds.map(duration);
  const steps = shapes.steps.map((step) => step.toLocaleString('en-US')).join(' to ');
  const tooLate = shapes.seconds[0] > secondsLeft ? ', which is after the end of this run' : '';
  return [`  as a rule of thumb, shapes appear after ${steps} steps: here in ${soon} to ${late}${tooLate}`];
}

import { type Forecast, type Metrics, train } from '@glow-onnx/trainer';
import { readCheckpoint, readMetrics, temporaryRuns } from '../../support/training.js';
import { tinyRun as base, vector } from './tiny-run.js';

const runAt = temporaryRuns();

test('onMetrics gets each line of metrics.jsonl, in order', async () => {
  const out = runAt('metrics');
  const lines: Metrics[] = [];
  await train({ ...base, out, onMetrics: (line) => lines.push(line) });
  expect(lines).toEqual(await readMetrics(out));
  expect(lines.map(({ step }) => step)).toEqual([0, 5, 5, 10, 10]);
});

test('a run that is measured ends with the same weights, bit for bit', async () => {
  const [alone, watched] = [runAt('alone'), runAt('watched')];
  await train({ ...base, out: alone });
  const forecasts: Forecast[] = [];
  const callbacks = { onForecast: (found: Forecast) => forecasts.push(found), onMetrics: () => {} };
  await train({ ...base, ...callbacks, out: watched });
  expect(forecasts).toEqual([expect.objectContaining({ stepsLeft: 0, endsByTime: false })]);
  const [one, other] = await Promise.all([alone, watched].map((out) => readCheckpoint(out, 'last')));
  expect(vector(one.params.trainable)).toEqual(vector(other.params.trainable));
});

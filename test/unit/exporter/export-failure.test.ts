import { readdirSync } from 'node:fs';
import { exportModel } from '@glow-onnx/exporter';
import { type Checkpoint, createGlow } from '@glow-onnx/flow';
import { filled } from '@glow-onnx/flow/internal';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { checkpoint, temporaryFolder } from './fixture.js';

const at = temporaryFolder();

/** The checkpoint with one trainable parameter filled with a value. */
function withParam(name: string, value: number, of: Checkpoint = checkpoint): Checkpoint {
  const { trainable, fixed } = of.params;
  if (!(name in trainable)) throw new Error(`no parameter ${name}`);
  return {
    ...of,
    params: { trainable: { ...trainable, [name]: filled(trainable[name].shape, value) }, fixed },
  };
}

describe('exportModel leaves nothing behind and says why', () => {
  const full: Checkpoint = (() => {
    const of = tinyConfig({ conv1x1: 'full' });
    return { config: of, params: randomParams(createGlow(of), 54), initialised: true };
  })();

  test.each<[string, Checkpoint, RegExp]>([
    [
      'actnorm never saw a batch',
      { ...checkpoint, initialised: false },
      /actnorms of this checkpoint have not seen/,
    ],
    [
      'a full matrix is singular',
      withParam('levels.1.steps.0.conv1x1.weight', 0, full),
      /levels\.1\.steps\.0\.conv1x1: the matrix is singular: pivot \d+ is 0/,
    ],
    [
      'a pivot underflows',
      withParam('levels.0.steps.1.conv1x1.logScale', -800),
      /levels\.0\.steps\.1\.conv1x1: the matrix is singular: pivot \d+ is -?0/,
    ],
    [
      'a weight overflows float32',
      withParam('levels.0.steps.1.actnorm.bias', 1e39),
      /levels\.0\.steps\.1\.conv1x1\.bias is -?[\d.e+]+ at element \d+, which float32 cannot hold/,
    ],
    [
      'log_prob overflows float32',
      withParam('levels.0.steps.1.actnorm.bias', 1e30),
      /^export: in float64 log_prob of a golden image is -[\d.]+e\+\d+, which float32 cannot hold; .*take an earlier checkpoint$/,
    ],
    [
      'a weight is NaN',
      withParam('levels.0.steps.1.coupling.conv2.bias', Number.NaN),
      /levels\.0\.steps\.1\.coupling\.conv2\.bias is NaN at element 0/,
    ],
  ])('when %s', async (_, broken, message) => {
    await expect(exportModel(broken, { out: at('deep', 'model') })).rejects.toThrow(message);
    expect(readdirSync(at())).toEqual([]);
  });

  test('when the graphs are less accurate than asked for', async () => {
    const strict = exportModel(checkpoint, { out: at('model'), tolerance: 1e-6 });
    await expect(strict).rejects.toThrow(
      /^export: .* is [\d.e-]+, expected at most [\d.e-]+: .*--tolerance$/,
    );
    expect(readdirSync(at())).toEqual([]);
  });
});

test.each([Number.POSITIVE_INFINITY, Number.NaN, 0, -1])(
  'exportModel refuses a tolerance of %p',
  async (tolerance) => {
    const refused = exportModel(checkpoint, { out: at('model'), tolerance });
    await expect(refused).rejects.toThrow(`tolerance must be a positive number, got ${tolerance}`);
    expect(readdirSync(at())).toEqual([]);
  },
);

// The scores of the literature that need no pictures of another kind, and the verdicts of a calibration.
import { judgeOf } from '../../packages/runtime/dist/calibration/judge.js';
import { splitByGroup } from '../../packages/runtime/dist/calibration/split.js';

/** Numbers of a value of each set: log p in nats is −bits/dim · dimensions · ln 2. */
const dimensions = { fashion: 28 * 28, faces: 3 * 16 * 16, photos: 3 * 32 * 32 };
const checkpoints = [0, 1, 2].map((i) => `checkpoint-${i}`);
/** The statistics that calibrate takes by default, and those that cost a pass. */
export const usual = (name) => name === 'density' || name === 'excess' || name.startsWith('level');

/**
 * One row each: what a picture needs to have been measured by, and its number; a stranger's should be higher. `published` is
 * for Fashion-MNIST against MNIST, as the authors state it for their models.
 * `fit` gets the good pictures of the calibration: rows that have it are measured on the others.
 */
export const rows = [
  { name: 'likelihood (bits/dim)', by: ['model'], of: ({ model }) => model.density },
  {
    ...{ name: 'typicality of one picture (Nalisnick et al. 2019)', published: '0.14', by: ['model'] },
    fit(good) {
      const mean = good.reduce((sum, { model }) => sum + model.density, 0) / good.length;
      return ({ model }) => Math.abs(model.density - mean);
    },
  },
  {
    ...{ name: 'WAIC, three small models (Choi et al. 2018)', by: checkpoints },
    of(measured, set) {
      const logs = checkpoints.map((each) => -measured[each].density * dimensions[set] * Math.LN2);
      const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
      const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length;
      return variance - mean;
    },
  },
  {
    ...{
      name: 'likelihood ratio to a small background model (Ren et al. 2019)',
      by: ['model', 'background'],
    },
    of: ({ model, background }) => model.density - background.density,
  },
  {
    ...{
      name: 'likelihood ratio of two small models (Ren et al. 2019)',
      published: '0.994–0.997 (PixelCNN)',
    },
    ...{ by: ['checkpoint-0', 'background'] },
    of: ({ 'checkpoint-0': checkpoint, background }) => checkpoint.density - background.density,
  },
  {
    ...{ name: 'gradient norm (Grathwohl et al. 2020)', by: ['model'], of: ({ model }) => model.gradient },
  },
  {
    ...{ name: 'input complexity, PNG’s filters: `excess`', published: '0.998 (Serrà et al. 2020, FLIF)' },
    ...{ by: ['model'], of: ({ model }) => model.excess },
  },
  {
    ...{ name: 'input complexity, adaptive code', by: ['model', 'adaptive'] },
    of: ({ model, adaptive }) => model.density - adaptive.bits,
  },
  {
    ...{ name: 'input complexity, JPEG XL', by: ['model', 'jxl'] },
    of: ({ model, jxl }) => model.density - jxl.bits,
  },
  {
    ...{ name: 'map’s maximum (`surprise`)', by: ['model'], of: ({ model }) => model.surprise },
  },
  { name: 'calibrated: density, excess, levels', by: ['model'], fit: (good) => strangenessIn(good, usual) },
  { name: 'calibrated: all', by: ['model'], fit: (good) => strangenessIn(good, () => true) },
  {
    name: 'calibrated: excess alone',
    by: ['model'],
    fit: (good) => strangenessIn(good, (name) => name === 'excess'),
  },
];

function strangenessIn(good, isChosen) {
  const { judge } = judgeOf(calibrationOf(good, isChosen), 0.5);
  return ({ model }) => judge(model).strangeness;
}

/** The calibration that `calibrate` makes of these pictures. */
export function calibrationOf(good, isChosen, seed = 1) {
  const grouped = good[0].group !== undefined;
  const split = splitByGroup(
    good.map(({ group }, i) => group ?? i),
    seed,
  );
  const { complexity: _, typicality: _typicality, ...values } = good[0].model;
  const columns = (places) =>
    Object.fromEntries(
      Object.keys(values)
        .filter(isChosen)
        .map((name) => [name, places.map((at) => good[at].model[name])]),
    );
  return {
    ...{ falseAlarms: 0.01, grouped },
    ...{ reference: columns(split.reference), scores: columns(split.scores) },
  };
}

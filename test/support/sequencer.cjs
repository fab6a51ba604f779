const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * Starts with contract and system, whose files take longest: a long file that starts last keeps one worker busy while
 * the others idle. Jest orders the files of each by their time in an earlier run, or by their size.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const isUnit = ({ path }) => /[\\/]test[\\/]unit[\\/]/.test(path);
    return super.sort(tests).sort((a, b) => isUnit(a) - isUnit(b));
  }
};

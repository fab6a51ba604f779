// Comparisons at equal budget, on Fashion-MNIST. All results are in docs/ablation.md.
//
//     npm run ablation                        # 1×1 convolutions, couplings and presets: ablation-parts.mjs
//     npm run ablation -- --suite learning    # what learns most in an hour of one thread: learning/suite.mjs
const [, , flag, suite] = process.argv;
if (flag === '--suite' && suite !== 'learning') {
  throw new RangeError(`--suite: expected learning, got ${suite}; leave it out to compare parts and presets`);
}
if (flag === '--suite') process.argv.splice(2, 2);
await import(flag === '--suite' ? './learning/suite.mjs' : './ablation-parts.mjs');

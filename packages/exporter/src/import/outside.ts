import { printable } from '@glow-onnx/flow/internal';

/** Programs whose models this flow does not have, by names that only they write, and the part that differs. */
const outside: readonly { readonly program: string; readonly names: RegExp; readonly part: string }[] = [
  {
    program: 'nflows',
    names: /(^|\.)_transforms\.\d{1,4}\.(.*\.)?(transform_net\..*|unconstrained_upper_diag)$/,
    part: 'its couplings are b·(σ(s + 2) + 0.001) + t, with networks and an order of layers that each user chooses',
  },
  {
    program: 'FrEIA',
    names: /(^|\.)module_list\.\d{1,4}\.(subnet[12]?\..*|w_perm|w_perm_inv)$/,
    part:
      'its blocks couple before they permute (GLOWCouplingBlock: both halves), and the weights do not tell the networks ' +
      'and the graph that each user chooses',
  },
  {
    program: 'TensorFlow Probability',
    names: /(^|\/)(_bijectors_trackable|coupling_bijector_layer|exit_bijector_layer)\//,
    part: 'its steps run in the other order and divide by σ(s + 2) on the way to z, and a latent that leaves has sd σ(s + 2)',
  },
];

/** The refusal of weights of a program that is known to be outside; undefined if the names are of none. */
export function describeOutside(names: readonly string[]): RangeError | undefined {
  for (const { program, names: pattern, part } of outside) {
    const name = names.find((text) => pattern.test(text));
    if (name === undefined) continue;
    return new RangeError(
      `import: tensor "${printable(name.slice(0, 120))}" is of ${program}, whose models are not of this flow: ${part}`,
    );
  }
  return undefined;
}

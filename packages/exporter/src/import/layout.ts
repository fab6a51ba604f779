import {
  type Checkpoint,
  createGlow,
  type Float64Tensor,
  type GlowConfig,
  type Named,
} from '@glow-onnx/flow';
import type { ForeignWeights } from './foreign-weights.js';

/** Facts that weights do not state: bits per colour channel, height and width of the training images. */
export type ImportOverrides = Partial<Pick<GlowConfig, 'bits' | 'height' | 'width'>>;

/** A model as its layout reads it. */
export type ImportedModel = Pick<Checkpoint, 'config' | 'params'>;

/** How one program names and stores the tensors of its models. The table of all is in `layouts.ts`. */
export interface Layout<Name extends string = string> {
  /** The value of `--from`. */
  readonly name: Name;
  /** Repository and commit of the program. */
  readonly program: string;
  /** One of the tensor names, for messages: `flows.<level>.<step>.actnorm.log_s`. */
  readonly example: string;
  /**
   * Matches names that every model of this layout has, such as those in a step. Group 1 is the prefix before the
   * layout's own names, such as `module.`; it is the same for the whole model.
   */
  readonly anchor: RegExp;
  /** Whether the file states bits and size. Other layouts leave them to the user. */
  readonly statesConfig?: boolean;
  /** Matches names that are not needed because they can be computed. */
  readonly ignored?: RegExp;
  /**
   * Reads config and parameters in float64. Each tensor that the model has must be taken: a tensor beside the taken ones
   * that was not taken is an error, because the model without it would be another model.
   * @throws RangeError naming a tensor that is missing or does not fit.
   */
  read(weights: ForeignWeights, overrides: ImportOverrides): ImportedModel;
  /** What the weights do not tell about a model, and the reader assumed. */
  notes?(model: ImportedModel): readonly string[];
}

/** A model of parameters by their full names, `levels.0.steps.3.actnorm.bias`. Names that are missing stay undefined. */
export function modelOf(config: GlowConfig, found: Named<Float64Tensor>): ImportedModel {
  const ofKind = (kind: 'trainable' | 'fixed'): Named<Float64Tensor> =>
    Object.fromEntries(
      createGlow(config)
        .params.filter((spec) => spec.kind === kind)
        .map(({ name }) => [name, found[name]]),
    );
  return { config, params: { trainable: ofKind('trainable'), fixed: ofKind('fixed') } };
}

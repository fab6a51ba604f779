import type { GlowModel } from '@glow-onnx/runtime';

/** A model with classes, as a model of the class that `label` gives at each call. */
export function forClass(model: GlowModel, label: () => number): GlowModel {
  const of = <Options>(options?: Options) => ({ ...options, label: label() }) as Options & { label: number };
  return {
    ...model,
    encode: (images, options) => model.encode(images, of(options)),
    decode: (z, options) => model.decode(z, of(options)),
    reconstruct: (images, options) => model.reconstruct(images, of(options)),
    sample: (options) => model.sample(of(options)),
    bitsPerDim: (images, options) => model.bitsPerDim(images, of(options)),
    score: (images, options) => model.score(images, of(options)),
    surprise: (images, options) => model.surprise(images, of(options)),
    interpolate: (a, b, options) => model.interpolate(a, b, of(options)),
    mix: (a, b, levels, options) => model.mix(a, b, levels, of(options)),
    attributeDirection: (withIt, without, options) => model.attributeDirection(withIt, without, of(options)),
    applyAttribute: (images, direction, strength, options) =>
      model.applyAttribute(images, direction, strength, of(options)),
    inpaint: (images, mask, options) => model.inpaint(images, mask, of(options)),
  };
}

/** The names of a model's classes, in their order. */
export function classNamesOf({ config, manifest }: GlowModel): string[] {
  const given = manifest.training?.classNames;
  const names = Array.isArray(given) ? given : [];
  return Array.from({ length: config.classes }, (_, i) => String(names[i] ?? i).slice(0, 60));
}

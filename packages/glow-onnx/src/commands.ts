/** A command, the package that defines it, and its place in the help. */
export interface CommandEntry {
  readonly name: string;
  readonly of: 'trainer' | 'exporter' | 'runtime' | 'serve' | 'glow-onnx';
  readonly group: 'Make a model' | 'Use a model' | 'Share a model' | 'Look into it';
  readonly description: string;
}

/** All commands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  ...inGroup('Make a model', 'trainer', { train: 'train a model on your images' }),
  ...inGroup('Make a model', 'exporter', {
    export: 'turn a checkpoint into a model folder with ONNX graphs',
    import: "turn another program's weights into a checkpoint",
    checkpoint: 'write the checkpoint of a model folder',
    'to-pytorch': 'write a model as a PyTorch module and its weights',
    verify: 'check all claims of a model folder',
  }),
  ...inGroup('Use a model', 'runtime', {
    sample: 'draw new images',
    encode: 'turn images into latents, without loss',
    decode: 'turn latents back into images',
    features: 'write numbers to learn classes from',
    reconstruct: 'encode and decode images',
    interpolate: 'morph one image into another',
    mix: 'take some levels from one image and the rest from another',
    attribute: 'find and apply directions, such as a smile',
    calibrate: 'measure good images, for verdicts with a known rate of false alarms',
    score: 'say how typical images are',
    inpaint: 'complete images with unknown parts',
    denoise: 'take noise off images',
    enlarge: 'make images larger',
  }),
  ...inGroup('Use a model', 'serve', { serve: 'answer requests over HTTP: the Open Inference Protocol' }),
  ...inGroup('Share a model', 'glow-onnx', {
    push: 'upload a model folder to a model hub',
    pull: 'download a model folder from a model hub',
  }),
  ...inGroup('Share a model', 'runtime', {
    files: 'list or copy the files to deploy',
  }),
  ...inGroup('Look into it', 'trainer', {
    compare: 'lay the curves of training runs over each other',
    evaluate: 'score held-out images by a checkpoint, by all its bounds',
  }),
  ...inGroup('Look into it', 'runtime', {
    info: 'describe a model folder',
    doctor: 'describe the machine, and what runs a model on it',
  }),
];

function inGroup(
  group: CommandEntry['group'],
  of: CommandEntry['of'],
  descriptions: Readonly<Record<string, string>>,
): CommandEntry[] {
  return Object.entries(descriptions).map(([name, description]) => ({ name, of, group, description }));
}

import type { GlowConfig } from '@glow-onnx/flow';
import {
  describeValues,
  latentShapes,
  type ManifestFacts,
  type Preprocessing,
  preprocessingOf,
  printable,
  takesPixels,
} from '@glow-onnx/flow/internal';

/** The README.md of a model folder: the model, its training, the errors of its graphs, its use and its files. */
export function modelCard(
  manifest: ManifestFacts,
  parameters: number,
  warnings: readonly string[] = [],
): string {
  const { config, training, files, measured } = manifest;
  const { channels, height, width, levels, steps, hiddenChannels, classes } = config;
  const isOfPixels = takesPixels(config);
  const latents = latentShapes(config, 1, height, width).map(([, ...shape], l) => `z${l} ${shape.join('×')}`);
  const model: Row[] = [
    [
      isOfPixels ? 'images' : 'feature maps',
      `${channels}×${height}×${width}, ${describeValues(config)}; any height and width that ${2 ** levels} divides`,
    ],
    ['latents', latents.join(', ')],
    ['levels, steps, hidden channels', `${levels}, ${steps}, ${hiddenChannels}`],
    ['1×1 convolution', config.conv1x1],
    ['coupling', `${config.coupling}, ${config.parameterOrder}, padding ${config.padding}`],
    ['prior', classes > 0 ? `${config.prior}, ${classes} classes` : config.prior],
    ['parameters', parameters.toLocaleString('en-US')],
  ];
  const facts = Object.entries(training ?? {}).filter(([, value]) => typeof value !== 'object');
  return [
    frontMatter(manifest),
    '# Glow model',
    `A normalizing flow that turns ${isOfPixels ? 'images' : 'feature maps, which are real numbers,'} into latents and back. Made by glow-onnx.`,
    table(['model', ''], model),
    '## Training',
    facts.length > 0
      ? table(
          ['', ''],
          facts.map(([name, value]) => [words(name), plain(value)]),
        )
      : 'Unknown: the weights were imported, or the checkpoint does not state it.',
    ...(isOfPixels ? [] : [aboutDensity]),
    ...(training?.dequantisation === 'variational' ? [aboutDequantiser] : []),
    '## Exactness',
    'Errors of ONNX Runtime against a float64 computation, on the images of `golden.safetensors`:',
    table(
      ['', 'measured', 'at most'],
      measured.map(({ claim, device, precision, value, tolerance }) => [
        `${claim} (${device}, ${precision})`,
        String(value),
        String(tolerance),
      ]),
    ),
    ...describeStability(manifest, warnings),
    '## Use',
    'With `@glow-onnx/runtime`:',
    "```js\nimport { loadGlow } from '@glow-onnx/runtime';\nconst glow = await loadGlow('path/to/this/folder');\n```",
    'In Python, with onnxruntime and numpy alone:',
    pythonSnippet(config),
    `\`decode.onnx\` turns \`z0\` … into \`x\`${isOfPixels ? `; the bin of a pixel is floor((x + 0.5)·2^${config.bits})` : ''}. ` +
      '`golden.safetensors` holds inputs and expected outputs.',
    '## Preprocessing',
    isOfPixels ? describePreprocessing(preprocessingOf(config)) : describeNumbers(config),
    '## Files',
    table(
      ['', 'bytes', 'sha256'],
      files.map(({ path, bytes, sha256 }) => [path, bytes.toLocaleString('en-US'), sha256]),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

/** What the warnings say, which name steps, or else what the manifest says. */
function describeStability(
  { samplesDivergeFrom: from, roundingError }: ManifestFacts,
  warnings: readonly string[],
): string[] {
  const facts = [
    ...(from === undefined
      ? []
      : [`samples are not finite ${from === 0 ? 'at any temperature' : `from temperature ${from} on`}`]),
    ...(roundingError === undefined
      ? []
      : [
          `decode amplifies rounding, in float64 too: by up to ${roundingError.toPrecision(2)} on the golden images`,
        ]),
  ];
  const sentences = warnings.length > 0 ? warnings : facts;
  if (sentences.length === 0) return [];
  return ['## Stability', sentences.map((sentence) => `- This model is unstable: ${sentence}.`).join('\n')];
}

const aboutDensity =
  'bits/dim are those of a probability density: −log₂ p(x) by the number of values. They depend on the unit of the ' +
  'numbers, may be negative, and do not compare with those of pictures.';

const aboutDequantiser =
  'bits per dim are those of the uniform bound, which the graphs compute with uniform noise inside the bins of pixels. ' +
  'variational bits per dim are those of the bound that training lowered: its noise came from a flow that was trained ' +
  'with the model. That flow is in the checkpoint of the training and not in this folder.';

/** What the graphs take and give, in place of preprocessing. */
function describeNumbers({ channels, height, width, levels }: GlowConfig): string {
  return (
    `NCHW, ${channels} channels of real numbers, which the graph takes as they are: the first layer of the flow ` +
    'shifts and scales each channel. The numbers have to come from where those of training came from. Height and ' +
    `width must be divisible by ${2 ** levels}; in training they were ${height}×${width}.`
  );
}

/** The preprocessing as text; the manifest states it for programs. */
function describePreprocessing(steps: Preprocessing): string {
  const { layout, channels, colour, conversion, bits, formula, height, width, multipleOf } = steps;
  const [least, most] = steps.range as [number, number];
  const count = channels === 1 ? '1 channel' : `${channels} channels`;
  return (
    `${layout}, ${count} (${colour}), ${bits} bits each. ${conversion === 'none' ? '' : `Other images: ${conversion}. `}` +
    `For a pixel p in 0 … 255, \`${formula}\`, which lies in ${least} … ${most}. No mean is subtracted, and there ` +
    'is no division by a standard deviation. The model does not resize or crop images: their height and width must ' +
    `be divisible by ${multipleOf}. The training images were ${height}×${width}.`
  );
}

/** The front matter that model hubs read. It has a licence only if the manifest states one. */
function frontMatter({ license, config }: ManifestFacts): string {
  return [
    '---',
    ...(license === undefined ? [] : [`license: ${JSON.stringify(license.toLowerCase())}`]),
    'library_name: onnx',
    ...(takesPixels(config) ? ['pipeline_tag: unconditional-image-generation'] : []),
    'tags: [onnx, onnxruntime, glow, normalizing-flow, glow-onnx]',
    '---',
  ].join('\n');
}

/** Python code that encodes a picture, or numbers; run it in the model folder. */
function pythonSnippet(config: GlowConfig): string {
  const { channels, height, width, levels, bits, classes } = config;
  const z = Array.from({ length: levels }, (_, l) => `z${l}`).join(', ');
  return [
    '```python',
    'import numpy as np',
    'import onnxruntime',
    '',
    ...(takesPixels(config)
      ? [
          `pixels = np.random.randint(0, 256, (1, ${channels}, ${height}, ${width}))  # or a picture: batch, channels, height, width`,
          `x = ((pixels // ${2 ** (8 - bits)}) + 0.5) / ${2 ** bits} - 0.5`,
        ]
      : [
          `x = np.random.randn(1, ${channels}, ${height}, ${width})  # or your features: batch, channels, height, width`,
        ]),
    'feeds = {"x": x.astype(np.float32)}',
    ...(classes > 0
      ? [`feeds["label"] = np.eye(${classes}, dtype=np.float32)[[0]].reshape(1, ${classes}, 1, 1)  # class 0`]
      : []),
    'session = onnxruntime.InferenceSession("onnx/encode.onnx")',
    `${z}, log_prob, log_prob_levels = session.run(None, feeds)`,
    `print("bits per dimension:", ${bits > 0 ? `${bits} - ` : '-'}log_prob / (x[0].size * np.log(2)))`,
    '```',
  ].join('\n');
}

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** bitsPerDim → bits per dim. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A fact on one line of a table, with formatted numbers. */
function plain(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
  return printable(String(value).replaceAll(/[|\n\r]/g, ' '));
}

import { latentShapes, type Manifest } from '@glow-onnx/flow';

/** The README.md of a model folder: what the model is, what it was trained on, how exact its graphs are. */
export function modelCard(manifest: Manifest, parameters: number): string {
  const { config, training, files, measured } = manifest;
  const { channels, height, width, levels, steps, hiddenChannels, bits, classes } = config;
  const latents = latentShapes(config, 1, height, width).map(([, ...shape], l) => `z${l} ${shape.join('×')}`);
  const model: Row[] = [
    [
      'images',
      `${channels}×${height}×${width}, ${bits} bits; any height and width that ${2 ** levels} divides`,
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
    '# Glow model',
    'A normalizing flow that turns images into latents and back. Made by glow-onnx.',
    table(['model', ''], model),
    '## Training',
    facts.length > 0
      ? table(
          ['', ''],
          facts.map(([name, value]) => [words(name), plain(value)]),
        )
      : 'Nothing is known: the weights were imported, or their checkpoint does not say.',
    '## Exactness',
    'ONNX Runtime against a float64 computation, on samples of the model:',
    table(
      ['', 'measured', 'at most'],
      measured.map(({ claim, device, precision, value, tolerance }) => [
        `${claim} (${device}, ${precision})`,
        String(value),
        String(tolerance),
      ]),
    ),
    '## Files',
    table(
      ['', 'bytes'],
      files.map(({ path, bytes }) => [path, bytes.toLocaleString('en-US')]),
    ),
    'Use it with `@glow-onnx/runtime`:',
    "```js\nimport { loadGlow } from '@glow-onnx/runtime';\nconst glow = await loadGlow('path/to/this/folder');\n```",
    `In any other ONNX Runtime: \`encode.onnx\` takes \`x\` [N, ${channels}, H, W], the centre of each pixel's bin, ` +
      `(q + 0.5)/2^${bits} − 0.5, and gives \`z0\` … and \`log_prob\`; \`decode.onnx\` is its inverse. ` +
      '`golden.safetensors` holds inputs and outputs to compare with.',
  ]
    .join('\n\n')
    .concat('\n');
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

/** A fact on one line of a table; numbers as read by people. */
function plain(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
  return String(value).replaceAll(/[|\n\r]/g, ' ');
}

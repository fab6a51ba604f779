import { latentShapes, type Manifest } from '@glow-onnx/flow/manifest';
import { describeValues, takesPixels } from '@glow-onnx/flow/pixels';
import { readManifest, readVerified } from '../folder/model-folder.js';
import { classNames } from '../model/labels.js';
import { openStore } from '../node/open-store.js';
import { sha256 } from '../node/sha256.js';
import { facts, fileSize, type Report } from './report.js';

/** Verifies every file of a model folder, and describes the model. */
export async function info(directory: string, signal: AbortSignal): Promise<Report> {
  const folder = { store: openStore(directory), sha256, signal };
  const { manifest } = await readManifest(folder);
  for (const { path } of manifest.files) await readVerified(folder, manifest, path);
  return { text: describe(manifest), json: { verified: true, ...manifest } };
}

function describe(manifest: Manifest): string {
  const { config } = manifest;
  const latents = latentShapes(config, 1, config.height, config.width);
  const unit = 2 ** config.levels;
  const rows: [string, string][] = [
    ['model', `${config.levels} levels × ${config.steps} steps, ${config.hiddenChannels} hidden channels`],
    ['layers', `${config.conv1x1} 1×1 convolution, ${config.coupling} coupling, ${config.prior} prior`],
    [
      takesPixels(config) ? 'images' : 'feature maps',
      `${config.channels}×${config.height}×${config.width}, ${describeValues(config)}`,
    ],
    ['', `any height and width divisible by ${unit}`],
    ['latents', latents.map(([, ...shape], level) => `z${level} ${shape.join('×')}`).join(', ')],
  ];
  if (config.classes > 0) {
    const names = classNames(manifest).join(', ') || `0 to ${config.classes - 1}`;
    rows.push(['classes', `${config.classes}, named ${names}`]);
  }
  const { bitsPerDim, validationImages } = manifest.training ?? {};
  if (typeof bitsPerDim === 'number') {
    const [bound, noun] = takesPixels(config)
      ? ['(uniform bound)', 'images']
      : ['of the density,', 'feature maps'];
    const many = typeof validationImages === 'number' ? `${validationImages.toLocaleString('en-US')} ` : '';
    rows.push([
      'training',
      `${bitsPerDim.toFixed(3)} bits/dim ${bound} of the ${many}${noun} that choose the best state`,
    ]);
  }
  for (const { device, precision, claim, value, tolerance } of manifest.measured) {
    rows.push(['measured', `${claim}: ${value} (at most ${tolerance}; ${device}, ${precision})`]);
  }
  for (const { path, bytes } of manifest.files) rows.push(['file', `${path}, ${fileSize(bytes)}, verified`]);
  rows.push(['made by', `${manifest.producer.name} ${manifest.producer.version}`]);
  return facts(rows);
}

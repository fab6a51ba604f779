import { type RawImage, toImageData } from '@glow-onnx/runtime';
import type { ScreenSize } from '../ui/screen.js';

/**
 * Draws an image of any size into a box of CSS pixels, and darkens what a model of this size does not get: the model
 * gets the centre, as large as its shape allows (`cover`).
 */
export function drawOriginal(
  canvas: HTMLCanvasElement,
  image: ImageBitmap | RawImage,
  box: number,
  model: ScreenSize,
): void {
  const { width, height } = image;
  const scale = box / Math.max(width, height);
  const sharpness = Math.min(devicePixelRatio, 2);
  canvas.width = Math.max(Math.round(width * scale * sharpness), 1);
  canvas.height = Math.max(Math.round(height * scale * sharpness), 1);
  const context = canvas.getContext('2d');
  if (!context) return;
  context.imageSmoothingEnabled = scale < 1;
  context.imageSmoothingQuality = 'high';
  context.drawImage('data' in image ? canvasOf(image) : image, 0, 0, canvas.width, canvas.height);
  const part = Math.min(canvas.width / model.width, canvas.height / model.height);
  const [left, top] = [(canvas.width - part * model.width) / 2, (canvas.height - part * model.height) / 2];
  context.fillStyle = 'rgb(19 13 36 / 65%)';
  context.beginPath();
  context.rect(0, 0, canvas.width, canvas.height);
  context.rect(left, top, part * model.width, part * model.height);
  context.fill('evenodd');
}

function canvasOf(image: RawImage): OffscreenCanvas {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(toImageData(image) as ImageData, 0, 0);
  return canvas;
}

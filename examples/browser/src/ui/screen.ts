import { drawImage, type RawImage } from '@glow-onnx/runtime';
import { el } from './dom.js';

export interface Screen {
  /** The canvas. It has its size from the start, so the layout does not jump. */
  readonly canvas: HTMLCanvasElement;
  show(image: RawImage): void;
}

/**
 * A small canvas, enlarged without smoothing. Each pixel is `scale` CSS pixels wide, or `--scale` of the CSS.
 * @param label the name for screen readers; '' for decoration.
 */
export function screen(label: string, { width = 16, height = 16, scale = 4 } = {}): Screen {
  const canvas = el('canvas', { width, height, className: 'screen' });
  canvas.style.setProperty('--width', String(width));
  canvas.style.setProperty('--height', String(height));
  canvas.style.setProperty('--asked', String(scale));
  if (label) {
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', label);
  } else {
    canvas.setAttribute('aria-hidden', 'true');
  }
  return { canvas, show: (image) => drawImage(image, canvas) };
}

/** A screen that shows this image. */
export function picture(image: RawImage, label: string, scale = 4): HTMLCanvasElement {
  const { canvas, show } = screen(label, { width: image.width, height: image.height, scale });
  show(image);
  return canvas;
}

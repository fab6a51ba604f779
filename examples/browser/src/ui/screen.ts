import { drawImage, type RawImage } from '@glow-onnx/runtime';
import { el } from './dom.js';

export interface Screen {
  /** The canvas, sized at once, so that nothing jumps when a picture comes. */
  readonly canvas: HTMLCanvasElement;
  show(image: RawImage): void;
}

/**
 * A small canvas shown enlarged, sharp, each pixel `scale` CSS pixels wide, or what `--scale` says in CSS.
 * @param label what screen readers call it; '' for decoration.
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

/** The same, with a picture on it. */
export function picture(image: RawImage, label: string, scale = 4): HTMLCanvasElement {
  const { canvas, show } = screen(label, { width: image.width, height: image.height, scale });
  show(image);
  return canvas;
}

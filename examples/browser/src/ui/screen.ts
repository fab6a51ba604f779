import { drawImage, type RawImage } from '@glow-onnx/runtime';
import { el } from './dom.js';

/** In pixels of the image. */
export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

export interface Screen {
  /** The canvas. It has its size from the start, so the layout does not jump. */
  readonly canvas: HTMLCanvasElement;
  show(image: RawImage): void;
}

/**
 * A canvas for a small image, enlarged without smoothing: each pixel a multiple of half a CSS pixel, as large as
 * `box` CSS pixels allow, or `--box` of the CSS. A larger image is made smaller.
 * @param label the name for screen readers; '' for decoration.
 */
export function screen(label: string, { width, height, box }: ScreenSize & { readonly box: number }): Screen {
  const canvas = el('canvas', { width, height, className: 'screen' });
  canvas.style.setProperty('--width', String(width));
  canvas.style.setProperty('--height', String(height));
  canvas.style.setProperty('--asked', String(box));
  if (label) {
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', label);
  } else {
    canvas.setAttribute('aria-hidden', 'true');
  }
  return { canvas, show: (image) => drawImage(image, canvas) };
}

/** A screen that shows this image. */
export function picture(image: RawImage, label: string, box: number): HTMLCanvasElement {
  const { canvas, show } = screen(label, { width: image.width, height: image.height, box });
  show(image);
  return canvas;
}

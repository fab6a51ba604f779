import type { RawImage } from '@glow-onnx/runtime';

/** The image that is being dragged. The data of a drop event cannot hold it. */
let dragged: { readonly image: RawImage; readonly name: string } | undefined;

/** Whether an image of the page is being dragged. */
export const isDragged = () => dragged !== undefined;

/** Makes an image draggable to every element with `acceptDrops`. Another call replaces the image. */
export function draggable(element: HTMLElement, image: RawImage, name: string): void {
  element.draggable = true;
  element.ondragstart = (event) => {
    dragged = { image, name };
    event.dataTransfer?.setData('text/plain', name);
  };
  element.ondragend = () => {
    dragged = undefined;
  };
}

/** Whether a folder is dropped. */
export function hasFolder({ dataTransfer }: DragEvent): boolean {
  return [...(dataTransfer?.items ?? [])].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
}

/**
 * Calls back with each file or image that is dropped on an element, but leaves folders to the page. The element has the
 * class `over` during a drag.
 */
export function acceptDrops(
  target: HTMLElement,
  onDrop: (picture: File | RawImage, name: string) => void,
): void {
  target.addEventListener('dragover', (event) => {
    event.preventDefault();
    target.classList.add('over');
  });
  target.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!target.contains(relatedTarget as Node | null)) target.classList.remove('over');
  });
  target.addEventListener('drop', (event) => {
    target.classList.remove('over');
    if (hasFolder(event)) return;
    event.preventDefault();
    if (dragged) return onDrop(dragged.image, dragged.name);
    for (const file of event.dataTransfer?.files ?? []) onDrop(file, file.name);
  });
}

import type { RawImage } from '@glow-onnx/runtime';

/** The face that hangs on the pointer; a drop's own data could not hold it. */
let dragged: { readonly image: RawImage; readonly name: string } | undefined;

/** Lets a face be dragged to wherever `acceptDrops` is; called again, another one. */
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

/** Where nothing accepts a file, dropping it must not open it in place of the page. */
export function refuseDrops(): void {
  addEventListener('dragover', (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'none';
  });
  addEventListener('drop', (event) => event.preventDefault());
}

/** Calls back with each file or face dropped on an element, which has the class `over` while one hangs above it. */
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
    event.preventDefault();
    target.classList.remove('over');
    if (dragged) return onDrop(dragged.image, dragged.name);
    for (const file of event.dataTransfer?.files ?? []) onDrop(file, file.name);
  });
}

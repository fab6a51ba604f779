import type { RawImage } from '@glow-onnx/runtime';

/** The face that is being dragged. The data of a drop event cannot hold it. */
let dragged: { readonly image: RawImage; readonly name: string } | undefined;

/** Makes a face draggable to every element with `acceptDrops`. Another call replaces the face. */
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

/** Ignores files that are dropped beside the accepting elements. The browser would open them in place of the page. */
export function refuseDrops(): void {
  addEventListener('dragover', (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'none';
  });
  addEventListener('drop', (event) => event.preventDefault());
}

/** Calls back with each file or face that is dropped on an element. The element has the class `over` during a drag. */
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

import { drawImage, imageGrid, type RawImage } from '@glow-onnx/runtime';
import { el } from '../ui/dom.js';
import { segments } from '../ui/segments.js';
import type { Pixels } from './batches.js';
import { droppedFiles } from './dropped-files.js';
import { expectation, leastPictures, mostPictures, type Side, sides } from './plan.js';
import { readPicture } from './read-picture.js';

type Source = File | RawImage;

interface PileOptions {
  /** Pictures for visitors who have none at hand. */
  readonly starter: readonly RawImage[];
  /** What they show, such as 'faces'. */
  readonly starterName: string;
  readonly say: (text: string) => void;
  readonly onChange: () => void;
}

/** Thumbnails shown, in rows of `columns`, in so many CSS pixels. */
const thumbnails = 30;
const columns = 6;
const thumbnailBox = 420;

/** The pictures to learn from: dropped, chosen, or those of the page, all brought to one size. */
export function createPile({ starter, starterName, say, onChange }: PileOptions) {
  let pictures: { readonly source: Source; readonly pixels: Pixels }[] = [];
  /** Readings come one after the other. */
  let reading: Promise<void> = Promise.resolve();

  const input = (props: { multiple?: true; accept?: string; webkitdirectory?: true; ariaLabel?: string }) => {
    const file = el('input', { type: 'file', className: 'file', ...props });
    file.addEventListener('change', () => {
      add([...(file.files ?? [])]);
      file.value = '';
    });
    return file;
  };
  const files = input({ multiple: true, accept: 'image/png,image/jpeg,image/webp' });
  const folder = input({ webkitdirectory: true, ariaLabel: 'A folder of pictures' });
  const drop = el(
    'label',
    { className: 'drop' },
    files,
    el('span', {}, 'Drop pictures or a folder, or choose pictures'),
  );
  const pickFolder = el('label', { className: 'drop' }, folder, el('span', {}, 'Choose a folder'));
  const borrow = el(
    'button',
    { type: 'button', hidden: starter.length < leastPictures, onclick: () => add(starter) },
    `Use ${starter.length} ${starterName} of this page`,
  );
  const clear = el('button', { type: 'button' }, 'Remove all');
  clear.addEventListener('click', () => {
    pictures = [];
    changed();
  });
  const size = segments({
    label: 'Size of the pictures',
    options: sides.map((side) => [String(side), `${side}×${side}`]),
    value: '16',
    onChange: readAgain,
  });
  const side = () => Number(size.value) as Side;
  const grid = el('canvas', { className: 'screen thumbnails', attributes: { role: 'img' } });
  const count = el('p', { className: 'count' });
  const words = el('p', { className: 'note' });
  const zone = el(
    'fieldset',
    { className: 'pile', ariaLabel: 'Pictures to learn from' },
    el('div', { className: 'row' }, drop, pickFolder, borrow),
    size.element,
    el('div', { className: 'row' }, count, clear),
    grid,
    words,
  );
  acceptFiles(zone, (dropped) => {
    if (!zone.disabled) add(dropped);
  });

  function add(given: readonly Source[] | Promise<readonly Source[]>): void {
    reading = reading
      .then(async () => {
        const sources = (await given).slice(0, mostPictures - pictures.length);
        const { read, refused } = await readAll(sources, side());
        pictures = [...pictures, ...read];
        changed();
        say(refused.length === 0 ? `${read.length} pictures added` : describeRefused(read.length, refused));
      })
      .catch((error: unknown) => say(String(error)));
  }
  function readAgain(): void {
    reading = reading.then(async () => {
      pictures = (
        await readAll(
          pictures.map(({ source }) => source),
          side(),
        )
      ).read;
      changed();
    });
  }
  async function readAll(sources: readonly Source[], to: Side) {
    const read: typeof pictures = [];
    const refused: string[] = [];
    for (const [i, source] of sources.entries()) {
      if (i % 20 === 19) count.textContent = `Reading ${i + 1} of ${sources.length} …`;
      try {
        read.push({ source, pixels: await readPicture(source, to) });
      } catch (error) {
        refused.push(`${source instanceof File ? source.name : 'a picture'} ${(error as Error).message}`);
      }
    }
    return { read, refused };
  }
  function changed(): void {
    show();
    onChange();
  }
  function show(): void {
    const [all, shown] = [pictures.length, pictures.slice(0, thumbnails)];
    count.textContent = `${all} ${all === 1 ? 'picture' : 'pictures'}`;
    words.textContent = expectation(all, side());
    clear.hidden = grid.hidden = all === 0;
    if (all > 0) showThumbnails(shown.map(({ pixels }) => pixels));
  }
  function showThumbnails(shown: readonly Pixels[]): void {
    const images = shown.map((data) => ({ data, width: side(), height: side(), channels: 3 as const }));
    drawImage(imageGrid(images, { columns: Math.min(columns, images.length), scale: 1, gap: 1 }), grid);
    grid.style.setProperty('--width', String(grid.width));
    grid.style.setProperty('--height', String(grid.height));
    grid.style.setProperty('--asked', String(thumbnailBox));
    grid.ariaLabel = `The first ${shown.length} pictures, as the model sees them`;
  }
  show();

  return {
    element: zone,
    get pictures(): Pixels[] {
      return pictures.map(({ pixels }) => pixels);
    },
    get side() {
      return side();
    },
    /** While a model learns, its pictures stay. */
    set locked(locked: boolean) {
      zone.disabled = locked;
    },
  };
}

function describeRefused(read: number, refused: readonly string[]): string {
  const [first] = refused;
  const others = refused.length > 1 ? `, and ${refused.length - 1} more files are left out` : '';
  return `${read} pictures added. ${first?.slice(0, 120)}${others}.`;
}

/** Takes files and folders that are dropped on an element, before other parts of the page do. */
function acceptFiles(target: HTMLElement, onFiles: (files: Promise<File[]>) => void): void {
  const take = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    target.classList.toggle('over', event.type === 'dragover');
  };
  for (const type of ['dragenter', 'dragover', 'dragleave'] as const) target.addEventListener(type, take);
  target.addEventListener('drop', (event) => {
    take(event);
    if (event.dataTransfer) onFiles(droppedFiles(event.dataTransfer, mostPictures));
  });
}

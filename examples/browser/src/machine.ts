import { type DeviceChoice, type GlowModel, type LoadProgress, loadGlow } from '@glow-onnx/runtime';
import { reasonOf } from './reason-of.js';
import { el } from './ui/dom.js';

const choices = [
  { value: 'auto', title: 'Auto' },
  { value: 'webgpu', title: 'WebGPU' },
  { value: 'wasm', title: 'WebAssembly' },
] as const satisfies readonly { value: DeviceChoice; title: string }[];

type Choice = (typeof choices)[number]['value'];

const titleOf = (device: string) => choices.find(({ value }) => value === device)?.title ?? device;

/**
 * The panel of the device: loads the model, and loads it again when another device is chosen.
 * @returns a function that shows the milliseconds per image of a call.
 */
export function mountMachine(
  form: HTMLFormElement,
  onModel: (model: GlowModel) => void,
): (msPerImage: number) => void {
  const radios = choices.map(({ value }) =>
    el('input', { type: 'radio', name: 'device', value, checked: value === 'auto' }),
  );
  const bar = el('progress', { max: 1, value: 0, attributes: { 'aria-label': 'Model download' } });
  const [size, device, time, test] = [readout('…'), readout('…'), readout('…'), readout('…')];
  const note = el('p', { className: 'note', attributes: { role: 'status' } });
  form.append(
    el(
      'fieldset',
      { className: 'segments' },
      el('legend', {}, 'Device'),
      ...radios.map((radio, i) => el('label', {}, radio, el('span', {}, choices[i]?.title as string))),
    ),
    el(
      'div',
      { className: 'readouts' },
      ...[
        named('Model', size, bar),
        named('Runs on', device),
        named('Per image', time),
        named('Self-test', test),
      ],
    ),
    note,
  );

  const showProgress = sumOf((loaded, total) => {
    bar.value = loaded / total;
    size.textContent = `${megabytes(loaded)} of ${megabytes(total)} MB`;
  });
  let loading = new AbortController();
  /** The model in use until another device is ready. */
  let working: { readonly choice: Choice; readonly model: GlowModel } | undefined;

  function describe(model: GlowModel, failure?: string): void {
    device.textContent =
      model.device === 'wasm'
        ? `WebAssembly, ${threads} ${threads > 1 ? 'threads' : 'thread'}`
        : titleOf(model.device);
    test.textContent = { passed: 'passed', remembered: 'passed before', none: 'not run' }[model.selfTest];
    note.textContent = failure ?? whyNot(model) ?? 'Every device returns the same pixels.';
  }

  async function load(choice: Choice): Promise<void> {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    device.textContent = '…';
    note.textContent = `Loading the model for ${titleOf(choice)} …`;
    try {
      const model = await loadGlow('./model', {
        device: choice,
        worker: true,
        threads,
        signal,
        onProgress(event) {
          showProgress(event);
          if (event.status === 'done' && event.file === 'golden.safetensors') test.textContent = 'running …';
        },
      });
      working = { choice, model };
      describe(model);
      time.textContent = '…';
      onModel(model);
    } catch (error) {
      if (signal.aborted) return;
      if (!working) {
        note.textContent = `The model cannot be loaded: ${reasonOf(error)}`;
        return;
      }
      for (const radio of radios) radio.checked = radio.value === working.choice;
      describe(working.model, `${titleOf(choice)} does not work here: ${reasonOf(error)}`);
    }
  }

  form.addEventListener('change', ({ target }) => load((target as HTMLInputElement).value as Choice));
  load('auto');
  return (msPerImage) => {
    time.textContent = `${msPerImage < 10 ? msPerImage.toFixed(1) : Math.round(msPerImage)} ms`;
  };
}

/** Why `auto` does not use WebGPU. */
function whyNot({ skipped }: GlowModel): string | undefined {
  if (!('gpu' in navigator)) {
    const where = isSecureContext ? '' : ' for pages without https';
    return `This browser has no WebGPU${where}. The model runs on WebAssembly: the same pixels, but slower.`;
  }
  const [first] = skipped;
  return first && `${titleOf(first.device)} is not used: ${first.reason.split(';')[0]}.`;
}

/** Threads need shared memory, which only an isolated page has. More than one thread per two cores gains little. */
const threads = crossOriginIsolated ? Math.min(4, Math.ceil(navigator.hardwareConcurrency / 2)) : 1;

/** A value that screen readers do not speak at each change. */
const readout = (text: string) => el('output', { attributes: { 'aria-live': 'off' } }, text);

const named = (name: string, ...content: Node[]) => el('div', {}, el('span', {}, name), ...content);

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Adds up the bytes of all files. */
function sumOf(report: (loaded: number, total: number) => void): (progress: LoadProgress) => void {
  const files = new Map<string, { loaded: number; total: number }>();
  return (event) => {
    if (event.status === 'initiate' && event.total !== undefined) {
      files.set(event.file, { loaded: 0, total: event.total });
    }
    const file = 'file' in event ? files.get(event.file) : undefined;
    if (!file) return;
    if (event.status === 'progress') file.loaded = event.loaded;
    if (event.status === 'done') file.loaded = file.total;
    const sum = (key: 'loaded' | 'total') => [...files.values()].reduce((bytes, one) => bytes + one[key], 0);
    report(sum('loaded'), sum('total'));
  };
}

import type { DeviceChoice, GlowModel } from '@glow-onnx/runtime';
import { el } from './ui/dom.js';

export type Choice = Extract<DeviceChoice, 'auto' | 'webgpu' | 'wasm'>;

const choices = [
  { value: 'auto', title: 'Auto' },
  { value: 'webgpu', title: 'WebGPU' },
  { value: 'wasm', title: 'WebAssembly' },
] as const satisfies readonly { value: Choice; title: string }[];

const titleOf = (device: string) => choices.find(({ value }) => value === device)?.title ?? device;

/** The device of the model: a switch, and what is known of the model on it. */
export function devicePanel(form: HTMLFormElement) {
  const radios = choices.map(({ value }) =>
    el('input', { type: 'radio', name: 'device', value, checked: value === 'auto' }),
  );
  const [size, device, time, test] = [readout('…'), readout('…'), readout('…'), readout('…')];
  const note = el('p', { className: 'note', attributes: { role: 'status' } });
  form.append(
    el(
      'details',
      {},
      el('summary', {}, 'Device and speed'),
      el(
        'div',
        { className: 'device' },
        el(
          'fieldset',
          { className: 'segments' },
          el('legend', {}, 'Device'),
          ...radios.map((radio, i) => el('label', {}, radio, el('span', {}, choices[i]?.title as string))),
        ),
        el(
          'div',
          { className: 'readouts' },
          named('Model', size),
          named('Runs on', device),
          named('Per image', time),
          named('Self-test', test),
        ),
        note,
        el('p', { className: 'explanation' }, explanation),
      ),
    ),
  );

  return {
    titleOf,
    get choice() {
      return radios.find(({ checked }) => checked)?.value as Choice;
    },
    choose(choice: Choice): void {
      for (const radio of radios) radio.checked = radio.value === choice;
    },
    onChoice(listener: (choice: Choice) => void): void {
      for (const radio of radios) radio.addEventListener('change', () => listener(radio.value as Choice));
    },
    note(text: string): void {
      note.textContent = text;
    },
    startLoading(text: string): void {
      device.textContent = '…';
      note.textContent = text;
    },
    showProgress(loaded: number, total: number): void {
      size.textContent = `${megabytes(loaded)} of ${megabytes(total)} MB`;
    },
    showTesting(): void {
      test.textContent = 'running …';
    },
    showTime(msPerImage: number): void {
      time.textContent = `${msPerImage < 10 ? msPerImage.toFixed(1) : Math.round(msPerImage)} ms`;
    },
    describe(model: GlowModel, threads: number): void {
      device.textContent =
        model.device === 'wasm'
          ? `WebAssembly, ${threads} ${threads > 1 ? 'threads' : 'thread'}`
          : titleOf(model.device);
      test.textContent = { passed: 'passed', remembered: 'passed before', none: 'not run' }[model.selfTest];
      note.textContent = whyNot(model) ?? 'Every device returns the same pixels.';
    },
  };
}

export type DevicePanel = ReturnType<typeof devicePanel>;

const explanation =
  'WebGPU computes on the graphics card, WebAssembly on the processor. The self-test: the model brings images with ' +
  'their results, and the device must compute the same.';

/** Why `auto` does not use WebGPU. */
function whyNot({ skipped }: GlowModel): string | undefined {
  if (!('gpu' in navigator)) {
    const where = isSecureContext ? '' : ' for pages without https';
    return `This browser has no WebGPU${where}. The model runs on WebAssembly: the same pixels, but slower.`;
  }
  const [first] = skipped;
  return first && `${titleOf(first.device)} is not used: ${first.reason.split(';')[0]}.`;
}

/** A value that screen readers do not speak at each change. */
const readout = (text: string) => el('output', { attributes: { 'aria-live': 'off' } }, text);

const named = (name: string, ...content: Node[]) => el('div', {}, el('span', {}, name), ...content);

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

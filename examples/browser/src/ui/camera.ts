import { el } from './dom.js';

/**
 * A button that opens the camera in a dialog. Calls back with the photo. Empty where the browser gives no camera, as on
 * plain http.
 */
export function cameraButton(
  onPhoto: (photo: HTMLCanvasElement) => void,
  onError: (error: unknown) => void,
): HTMLElement[] {
  if (!navigator.mediaDevices?.getUserMedia) return [];
  const video = el('video', { muted: true, playsInline: true, ariaLabel: 'What the camera sees' });
  const take = el('button', { type: 'button', className: 'primary' }, 'Take the picture');
  const cancel = el('button', { type: 'button' }, 'Cancel');
  const dialog = el(
    'dialog',
    { className: 'camera', ariaLabel: 'Camera' },
    video,
    el('div', { className: 'row' }, take, cancel),
  );
  let stream: MediaStream | undefined;

  async function start(): Promise<void> {
    dialog.showModal();
    take.disabled = true;
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user' } });
      stream = opened;
      if (!dialog.open) return stop(); // cancelled meanwhile
      video.srcObject = opened;
      await video.play();
      take.disabled = false;
    } catch (error) {
      if (!dialog.open) return;
      dialog.close();
      const reason = error instanceof Error ? error.message : error;
      onError(new Error(`The camera cannot be used (${reason}). Choose a picture instead.`));
    }
  }
  function stop(): void {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
  }
  dialog.addEventListener('close', stop);
  cancel.addEventListener('click', () => dialog.close());
  take.addEventListener('click', () => {
    const photo = el('canvas', { width: video.videoWidth, height: video.videoHeight });
    photo.getContext('2d')?.drawImage(video, 0, 0);
    dialog.close();
    onPhoto(photo);
  });
  return [el('button', { type: 'button', onclick: start }, 'Camera'), dialog];
}

/**
 * Registers the service worker that lets the page open offline, and waits until it sees the page's requests, so
 * that it can keep the `.wasm` of this very visit. Without one, as on plain http, the page works online alone.
 */
export async function setUpOffline(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  const controlled = new Promise<void>((resolve) => {
    if (serviceWorker.controller) resolve();
    serviceWorker.addEventListener('controllerchange', () => resolve());
    setTimeout(resolve, 3000);
  });
  try {
    await serviceWorker.register('./sw.js');
    await controlled;
  } catch {
    // Refused, as in some private windows.
  }
}

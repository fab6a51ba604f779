/**
 * Registers the service worker that lets the page open offline, and waits, three seconds at most, until it sees the page's
 * requests, so that it can keep the `.wasm` of this very visit. Without one, as on plain http, the page works online
 * alone.
 */
export async function setUpOffline(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  await new Promise<void>((resolve) => {
    if (serviceWorker.controller) resolve();
    serviceWorker.addEventListener('controllerchange', () => resolve());
    setTimeout(resolve, 3000);
    serviceWorker.register('./sw.js').catch(() => resolve()); // refused, as in some private windows
  });
}

/**
 * Registers the service worker, with which the page also opens offline. Waits at most three seconds until the worker
 * sees the requests of the page, so that it keeps the `.wasm` of this visit. Without a service worker, as on plain
 * http, the page works online only.
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

// Headed by `version` and `files` when it is built (offline.js).
/* global files, version */
const prefix = 'glow-page-';
const name = prefix + version;
const hashed = /\/assets\//;
const ofTheSdk = /\/model\/(manifest\.json|golden\.safetensors|onnx\/)/;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(files)));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([dropOldVersions(), self.clients.claim()]));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin || ofTheSdk.test(pathname)) return;
  event.respondWith(hashed.test(pathname) ? fromCache(request) : fromNetwork(request));
});

/** Files named by their contents never change. */
async function fromCache(request) {
  return (await caches.match(request)) ?? keep(request, await fetch(request));
}

async function fromNetwork(request) {
  try {
    return await keep(request, await fetch(request));
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

async function keep(request, response) {
  if (response.ok) await (await caches.open(name)).put(request, response.clone());
  return response;
}

async function dropOldVersions() {
  const old = (await caches.keys()).filter((each) => each.startsWith(prefix) && each !== name);
  await Promise.all(old.map((each) => caches.delete(each)));
}

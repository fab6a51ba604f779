// The build puts `version`, `files` and `wasm` before this script (offline.js).
/* global files, version, wasm */
const prefix = 'glow-page-';
const name = prefix + version;
const hashed = /\/assets\//;
const ofTheSdk = /\/model\/(manifest\.json|golden\.safetensors|onnx\/)/;

// `vite preview` and other servers send `Vary: Origin`, and scripts are asked for with another Origin than here.
const anyOrigin = { ignoreVary: true };

self.addEventListener('install', (event) => {
  // Without the browser's own cache: an old page from it would need the scripts of the last build.
  const fresh = files.map((file) => new Request(file, { cache: 'no-cache' }));
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(fresh)));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([takeOverWasm().then(dropOldVersions), self.clients.claim()]));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin || ofTheSdk.test(pathname)) return;
  event.respondWith(hashed.test(pathname) ? fromCache(request) : fromNetwork(request));
});

/** The name of these files contains a hash of their contents, so they never change. */
async function fromCache(request) {
  return (await caches.match(request, anyOrigin)) ?? keep(request, await fetch(request));
}

async function fromNetwork(request) {
  try {
    return await keep(request, await fetch(request));
  } catch (error) {
    const kept = await caches.match(request, { ...anyOrigin, ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

async function keep(request, response) {
  if (response.ok) await (await caches.open(name)).put(request, response.clone());
  return response;
}

/** Keeps the `.wasm` of the last visit if this build has it too, because the next visit may be offline. */
async function takeOverWasm() {
  const cache = await caches.open(name);
  for (const file of wasm) {
    const kept = await caches.match(file, anyOrigin);
    if (kept) await cache.put(file, kept);
  }
}

async function dropOldVersions() {
  const old = (await caches.keys()).filter((each) => each.startsWith(prefix) && each !== name);
  await Promise.all(old.map((each) => caches.delete(each)));
}

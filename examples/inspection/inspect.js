import { drawImage, heatMap, loadGlow } from '@glow-onnx/runtime';

const [files, camera, video, status, results] = ['files', 'camera', 'video', 'status', 'results'].map((id) =>
  document.getElementById(id),
);

/** The verdict. Put a rule of your own here, such as a limit for the brightest pixel. */
const isUsual = ({ typicality }) => typicality > 0.05;

function add(tag, properties) {
  return results.appendChild(Object.assign(document.createElement(tag), properties));
}

async function inspect(glow, image, name) {
  const [seen] = await glow.prepare(image);
  const [[score], [{ map }]] = [await glow.score(seen), await glow.surprise(seen)];
  const most = Math.max(...map.data).toFixed(1);
  const verdict = `${name}: ${isUsual(score) ? 'good' : 'check'}. The brightest pixel has ${most} bits.`;
  status.textContent = add('p', { textContent: verdict }).textContent;
  drawImage(seen, add('canvas', { role: 'img', ariaLabel: `${name} as the model sees it` }));
  drawImage(heatMap(map), add('canvas', { role: 'img', ariaLabel: `Where the bits of ${name} are` }));
}

async function photo() {
  video.srcObject ??= await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  return createImageBitmap(video);
}

const say = ({ message }) => {
  status.textContent = message;
};

loadGlow(new URL('./', location.href), { worker: true }).then((glow) => {
  status.textContent = 'Choose pictures, or use the camera.';
  camera.onclick = () =>
    photo()
      .then((image) => inspect(glow, image, 'The photo'))
      .catch(say);
  files.onchange = async () => {
    for (const file of files.files) await inspect(glow, file, file.name).catch(say);
  };
}, say);

import { drawImage, heatMap, loadGlow, parseCalibration } from '@glow-onnx/runtime';

const [files, camera, video, status, results] = ['files', 'camera', 'video', 'status', 'results'].map((id) =>
  document.getElementById(id),
);

let calibration; // what `glow-onnx calibrate` wrote, once it was chosen as a file
const isUnusual = ({ verdict, typicality }) => verdict?.unusual ?? typicality <= 0.05; // the second is rough
const add = (tag, properties) => results.appendChild(Object.assign(document.createElement(tag), properties));

async function inspect(glow, image, name) {
  if (!calibration && !glow.manifest.training?.histogram) throw new Error('This model needs a calibration.');
  const [seen] = await glow.prepare(image, { fit: calibration?.fit });
  const [[score], [{ map }]] = [await glow.score(seen, { calibration }), await glow.surprise(seen)];
  const most = Math.max(...map.data).toFixed(1);
  const verdict = `${name}: ${isUnusual(score) ? 'check' : 'good'}. The brightest pixel has ${most} bits.`;
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
  const open = async (file) => {
    if (!file.name.endsWith('.json')) return inspect(glow, file, file.name);
    calibration = parseCalibration(await file.text());
    status.textContent = `Verdicts are by ${file.name}.`;
  };
  files.onchange = async () => {
    for (const file of files.files) await open(file).catch(say);
  };
}, say);

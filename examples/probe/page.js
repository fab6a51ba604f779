import { loadGlow } from '@glow-onnx/runtime';
import { classList, element, thumbnail } from './classes.js';
import { readSheet, splitSheet } from './sheet.js';
import { probabilities, trainProbe } from './train-probe.mjs';

const ids =
  'controls,model,folder,folder-label,take,each,add,train,predict-ready,own,progress,status,results';
const [
  controls,
  model,
  folder,
  folderLabel,
  take,
  each,
  add,
  train,
  predictReady,
  own,
  progress,
  status,
  results,
] = ids.split(',').map((id) => document.getElementById(id));

/** The label of each model's sheet that gives the classes, and what its pictures are. */
const ready = {
  'fashion-mnist': { label: 'class', what: 'clothes' },
  'pixel-faces': { label: 'hat', what: 'faces by their hats' },
};
const features = new WeakMap(); // by image as the model sees it
let glow;
let sheet; // of the chosen model, if it has one
let probe; // with the names of its classes

const list = classList(document.getElementById('classes'), (files) => busy(() => addAll(files)), refresh);

/** Runs one piece of work at a time, and says what went wrong. */
async function busy(work) {
  controls.disabled = true;
  progress.classList.add('busy');
  try {
    return (await work()) ?? [];
  } catch ({ message }) {
    status.textContent = message;
    return [];
  } finally {
    controls.disabled = false;
    progress.classList.remove('busy');
    progress.removeAttribute('value');
    refresh();
  }
}

function refresh() {
  const filled = list.classes.filter(({ pictures }) => pictures.length > 0);
  train.disabled = filled.length < 2;
  take.disabled = each.disabled = predictReady.disabled = !sheet;
  predictReady.disabled ||= !probe;
  own.disabled = !probe;
}

/** Takes another model once all is ready for it: until then, and if something fails, the page keeps the one it has. */
async function choose(source, name) {
  const next = await loadGlow(source, { worker: true });
  const seen = []; // the pictures of each class
  let readyPictures;
  try {
    if (name in ready) readyPictures = await readSheet(source, ready[name].label);
    for (const { pictures } of list.classes) {
      const sources = pictures.map((picture) => picture.source);
      seen.push(await prepareAll(sources, next));
    }
  } catch (error) {
    await next.dispose();
    throw error;
  }
  const last = glow;
  [glow, probe, sheet] = [next, undefined, readyPictures];
  for (const [i, one] of list.classes.entries()) {
    one.pictures = seen[i];
    list.show(one);
  }
  results.replaceChildren();
  const what = ready[name]?.what ?? 'ready pictures';
  take.textContent = `Take ${what}`;
  predictReady.textContent = `Predict other ${what}`;
  const { width, height } = glow.config;
  status.textContent = `The model is ready (${glow.device}). It sees pictures of ${width}×${height} pixels.`;
  await last?.dispose();
}

async function prepareAll(sources, model = glow) {
  const seen = await model.prepare(sources);
  return sources.map((source, i) => ({ source, image: seen[i] }));
}

/** Files that are pictures, and what is wrong with the first of the others. */
async function openAll(files) {
  const found = [];
  let wrong;
  for (const file of files) {
    try {
      found.push(...(await prepareAll([file])));
    } catch ({ message }) {
      wrong ??= `${file.name}: ${message}`;
    }
  }
  return { found, wrong };
}

async function addAll(files) {
  const { found, wrong } = await openAll(files);
  status.textContent = wrong ?? `Read ${counted(found)}.`;
  return found;
}

const counted = ({ length }) => (length === 1 ? '1 picture' : `${length} pictures`);

async function rowsOf(images) {
  const missing = images.filter((image) => !features.has(image));
  const found = await glow.features(missing, {
    onProgress: ({ done, total }) => {
      progress.value = done / total;
    },
  });
  missing.forEach((image, i) => {
    features.set(image, found[i].data);
  });
  return images.map((image) => features.get(image));
}

async function learn() {
  status.textContent = 'The flow describes the pictures.';
  const classes = list.classes.filter(({ pictures }) => pictures.length > 0);
  const images = classes.flatMap(({ pictures }) => pictures.map(({ image }) => image));
  const labels = classes.flatMap(({ pictures }, label) => pictures.map(() => label));
  const start = performance.now();
  const rows = await rowsOf(images);
  status.textContent = 'The probe learns.';
  progress.removeAttribute('value');
  await new Promise((resolve) => setTimeout(resolve, 50)); // the page shows it
  probe = { ...(await trainProbe(rows, labels)), names: classes.map(({ name }) => name) };
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  results.replaceChildren();
  status.textContent = `Trained on ${counted(images)} of ${classes.length} classes in ${seconds} s.`;
}

/** Shows the most likely class of each image; `truth` has their names, where they are known. */
async function predict(images, truth) {
  const found = probabilities(probe, await rowsOf(images));
  let right = 0;
  const items = images.map((image, i) => {
    const most = Math.max(...found[i]);
    const name = probe.names[found[i].indexOf(most)];
    const isRight = truth?.[i] === name;
    right += Number(isRight);
    const note = element('small', { textContent: `${Math.round(100 * most)} %` });
    if (truth && !isRight) note.textContent += `, is ${truth[i]}`;
    const canvas = thumbnail(image, truth?.[i] ?? `Picture ${i + 1}`);
    const className = truth ? (isRight ? 'right' : 'wrong') : '';
    return element('li', { className }, canvas, element('strong', { textContent: name }), note);
  });
  results.replaceChildren(...items);
  status.textContent = truth
    ? `${right} of ${counted(images)} are predicted right.`
    : `Predicted ${counted(images)}.`;
}

const split = () => splitSheet(sheet, Math.min(20, Math.max(1, Math.round(each.valueAsNumber || 20))));

take.onclick = () =>
  busy(async () => {
    list.clear();
    for (const { name, learn } of split()) {
      const pictures = await prepareAll(learn);
      list.add(name, pictures);
    }
    status.textContent = 'Train on them, or change them first.';
  });
add.onclick = () => list.add(`Class ${list.classes.length + 1}`);
train.onclick = () => busy(learn);
predictReady.onclick = () =>
  busy(async () => {
    const others = split().flatMap(({ name, others }) => others.map((image) => ({ name, image })));
    const pictures = await prepareAll(others.map(({ image }) => image));
    await predict(
      pictures.map(({ image }) => image),
      others.map(({ name }) => name),
    );
  });
own.onchange = () =>
  busy(async () => {
    const { found, wrong } = await openAll(own.files);
    own.value = '';
    await predict(found.map(({ image }) => image));
    if (wrong) status.textContent += ` ${wrong}`;
  });
model.onchange = () => {
  folderLabel.hidden = model.value !== 'own';
  if (model.value !== 'own')
    busy(() => choose(new URL(`models/${model.value}/`, location.href), model.value));
};
folder.onchange = () =>
  busy(() => {
    const files = [...folder.files].map((file) => [file.webkitRelativePath.replace(/^[^/]*\//, ''), file]);
    folder.value = ''; // the same folder can be chosen again
    return choose(Object.fromEntries(files), 'own');
  });
busy(() => choose(new URL('models/fashion-mnist/', location.href), 'fashion-mnist'));

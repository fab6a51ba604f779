"""Asks a server by NVIDIA's client of the Open Inference Protocol, and ONNX Runtime for what is right. Prints JSON."""
import json
import sys

import numpy as np
import onnxruntime as ort
import tritonclient.http as triton

url, folder, token = sys.argv[1:4]
served = folder.rstrip("/").rsplit("/", 1)[-1]  # a server calls a folder by its last name
headers = {"Authorization": f"Bearer {token}"} if token else {}
client = triton.InferenceServerClient(url)
levels = ["z0", "z1", "z2"]


def infer(model, arrays, outputs=None, binary=True, **more):
    inputs = []
    for name, array in arrays.items():
        tensor = triton.InferInput(name, list(array.shape), "FP32")
        tensor.set_data_from_numpy(array, binary_data=binary)
        inputs.append(tensor)
    wanted = outputs and [triton.InferRequestedOutput(name, binary_data=binary) for name in outputs]
    return client.infer(model, inputs, outputs=wanted, headers=dict(headers), **more)  # it changes them


shapes = {"z0": (3, 6, 8, 8), "z1": (3, 12, 4, 4), "z2": (3, 48, 2, 2)}
drawn = {name: 0.7 * np.random.default_rng(1).standard_normal(shape) for name, shape in shapes.items()}
faces = infer(f"{served}-decode", {name: array.astype(np.float32) for name, array in drawn.items()}).as_numpy("x")
bins = np.clip(np.floor((faces + 0.5) * 32), 0, 31)
x = ((bins + 0.5) / 32 - 0.5).astype(np.float32)
found = {binary: infer(f"{served}-encode", {"x": x}, levels + ["log_prob"], binary) for binary in (True, False)}
z = {name: found[True].as_numpy(name) for name in levels}
log_prob = found[True].as_numpy("log_prob")
decoded = infer(f"{served}-decode", z).as_numpy("x")

right = ort.InferenceSession(f"{folder}/onnx/encode.onnx").run(None, {"x": x})
gradient = infer(f"{served}-encode-gradient", {"x": x}).as_numpy("gradient")
slope = np.sqrt((gradient.astype(float) ** 2).sum((1, 2, 3), keepdims=True))
step = 0.3 / slope  # a change of log p by 0.3 nats in each direction
up, down = (
    infer(f"{served}-encode", {"x": (x + sign * step * gradient / slope).astype(np.float32)}).as_numpy("log_prob").astype(float)
    for sign in (1, -1)
)
pulled = infer(f"{served}-decode-gradient", {**z, "cotangent": gradient})
by_version = infer(f"{served}-encode", {"x": x[:1]}, request_id="seven", model_version="1").get_response()

error = ""
try:
    infer(f"{served}-encode", {"x": x[:, :2]})
except triton.InferenceServerException as refused:
    error = f"{refused.status()} {refused.message()}"

metadata = client.get_model_metadata(f"{served}-encode", headers=headers)
print(json.dumps({
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "modelReady": client.is_model_ready(f"{served}-decode", headers=headers),
    "server": client.get_server_metadata(headers=headers)["extensions"],
    "inputs": [[tensor["name"], tensor["shape"]] for tensor in metadata["inputs"]],
    "jsonIsBinary": all(np.array_equal(found[True].as_numpy(n), found[False].as_numpy(n)) for n in levels + ["log_prob"]),
    "samePixels": bool(np.array_equal(np.floor((decoded + 0.5) * 32), bins)),
    "zError": max(float(np.abs(z[name] - right[i]).max()) for i, name in enumerate(levels)),
    "logProbError": float(np.abs(log_prob / right[3] - 1).max()),
    "slopeError": float(np.abs((up - down) / 0.6 - 1).max()),
    "pulledShapes": [list(pulled.as_numpy(f"d{name}").shape) for name in levels],
    "byVersion": [by_version["id"], by_version["model_version"], [output["name"] for output in by_version["outputs"]]],
    "error": error,
}))

"""Runs the module of `to-pytorch` on the cases of a test: python3 module.py FOLDER

test/unit/exporter/pytorch-module.test.ts calls it where PYTHON names a Python with torch, and keeps what it computes as a
fixture. FOLDER holds glow.py and, for each case, N.safetensors (the checkpoint) and N.in.safetensors (x, a direction for
every parameter, label). This program writes N.out.safetensors with numbers of torch, and N.saved.safetensors and N.pt,
which hold the module's weights as it saves them and as torch does.
"""

import json
import pathlib
import sys

import torch

folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
import glow


def read(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(bytearray(data[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]]), dtype=torch.float64).reshape(entry["shape"])
        for name, entry in header.items()
    }


def write(path, tensors):
    header, parts, at = {}, [], 0
    for name, value in tensors.items():
        part = value.detach().double().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64", "shape": list(value.shape), "data_offsets": [at, at + len(part)]}
        parts.append(part)
        at += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


for path in folder.glob("*.in.safetensors"):
    case = path.name.split(".")[0]
    inputs, out = read(path), {}
    label = inputs["label"].flatten(1).argmax(1) if "label" in inputs else None
    for name, dtype in {"float64": torch.float64, "float32": torch.float32}.items():
        model = glow.load(folder / f"{case}.safetensors", dtype).train()
        x = inputs["x"].to(dtype)
        z, log_prob = model(x, label)
        out[f"{name}.z"] = torch.cat([level.flatten(1) for level in z], 1)
        out[f"{name}.logProb"] = log_prob
        out[f"{name}.x"] = model.decode(z, label)
        if dtype == torch.float64:
            model.loss(x, label).backward()
            slope = sum((p.grad * inputs[f"direction.{n}"]).sum() for n, p in model.named_parameters() if p.grad is not None)
            out["slope"] = slope if torch.is_tensor(slope) else torch.zeros(())
        else:
            glow.save(model, folder / f"{case}.saved.safetensors")
            torch.save({"state_dict": model.state_dict()}, folder / f"{case}.pt")
    write(folder / f"{case}.out.safetensors", out)

"""Runs the Python of a model folder's card, then its graph on the golden image: python card.py MODELDIR

Needs onnxruntime and numpy alone. Prints the largest error against golden.safetensors, and fails above 1e-3.
"""

import json
import os
import re
import sys

import numpy as np

os.chdir(sys.argv[1])
scope = {}
exec(re.search(r"```python\n(.*?)```", open("README.md", encoding="utf8").read(), re.S)[1], scope)

golden = open("golden.safetensors", "rb").read()
size = int.from_bytes(golden[:8], "little")
header, data = json.loads(golden[8 : 8 + size]), golden[8 + size :]


def tensor(name):
    entry = header[name]
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[begin:end], "<f4" if entry["dtype"] == "F32" else "<f8").reshape(entry["shape"])


feeds = {name: tensor(name).astype(np.float32) for name in ("x", "label") if name in header}
outputs = scope["session"].run(None, feeds)
names = [output.name for output in scope["session"].get_outputs()]
errors = {
    name: float(np.abs(value - tensor(name)).max() / max(1, np.abs(tensor(name)).max()))
    for name, value in zip(names, outputs)
    if name in header
}
print(errors)
sys.exit(max(errors.values()) > 1e-3)

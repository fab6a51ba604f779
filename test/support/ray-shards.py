"""Shards of encode.py and sample.py without Ray: ray-shards.py EXAMPLES MODEL PICTURES OUT IMAGE… Prints JSON."""

import json
import os
import sys
import zipfile

import numpy as np
from safetensors import safe_open

examples, model, pictures, out, *images = sys.argv[1:]
sys.path.insert(0, examples)
from encode import Encode
from glow_folder import GlowFolder
from sample import Sample


def read(archive):
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name).hex() for name in opened.namelist()}


encoded = os.path.join(out, "encoded.safetensors")
Encode(model, pictures)(images, encoded)
with safe_open(encoded, "numpy") as part:
    names, bad = (json.loads(part.metadata()[key]) for key in ("names", "bad"))
    tensors = {key: part.get_tensor(key) for key in part.keys()}
log_prob = tensors.pop("log_prob")
glow = GlowFolder(model, "decode")
decoded = [np.asarray(glow.image(x)) for x in glow.run(tensors)["x"]]
pixels = [glow.pixels(os.path.join(pictures, name)) for name in names]
bits = glow.rules["bits"]
same = all(np.array_equal(a >> (8 - bits), b >> (8 - bits)) for a, b in zip(decoded, pixels))
for name, numbers in (("all", [0, 1, 2]), ("some", [2, 1])):
    Sample(model, 1, 0.7)(numbers, os.path.join(out, f"{name}.zip"))
samples = [read(os.path.join(out, f"{name}.zip")) for name in ("all", "some")]
print(json.dumps({"names": names, "bad": bad, "logProb": log_prob.tolist(), "same": same, "samples": samples}))

"""A training step of the same Glow in PyTorch, eager or compiled, for bench/training.mjs: prints images/s and peak memory as JSON.

    python3 bench/peers/training.py CHECKPOINT --batch 32 --seconds 10 [--compile]
"""

import argparse
import json
import math
import resource
import time

import torch
from pytorch import Glow, speed

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("checkpoint")
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--compile", action="store_true")
options = parser.parse_args()
torch.manual_seed(1)

glow = Glow(options.checkpoint)
shape = [glow.config[field] for field in ("channels", "height", "width")]
adam = torch.optim.Adam(glow.parameters(), lr=1e-4)
x = torch.rand(options.batch, *shape) - 0.5
wrap = torch.compile if options.compile else lambda function: function
loss = wrap(lambda x: -glow.encode(x)[1].mean() / (math.prod(shape) * math.log(2)))


def train():
    adam.zero_grad(set_to_none=True)
    loss(x).backward()
    adam.step()


found = speed(options.batch, train, options.seconds, time.perf_counter)
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"imagesPerSecond": found, "megabytes": kilobytes / 1024, "version": torch.__version__}))

"""A training step of the same Glow in PyTorch, eager or compiled, for bench/training.mjs.

For each line that it reads, it prints images/s and peak memory as JSON.

    python3 bench/peers/training.py CHECKPOINT --batch 32 --seconds 10 [--compile whole] [--until 5 --pictures FILE]

With --until, it prints seconds and steps until the mean bits/dim of the last 20 steps is as low, as training-until.mjs does.
"""

import argparse
import json
import math
import resource
import sys
import time

import numpy
import torch
from pytorch import Glow, Step, speed

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("checkpoint")
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--compile", choices=["whole", "steps"], help="the loss as a whole, or each step of flow")
parser.add_argument("--until", type=float)
parser.add_argument("--pictures")
options = parser.parse_args()
torch.manual_seed(1)

glow = Glow(options.checkpoint)
shape = [glow.config[field] for field in ("channels", "height", "width")]
adam = torch.optim.Adam(glow.parameters(), lr=1e-4 if options.until is None else 3e-4, eps=1e-7)
x = torch.rand(options.batch, *shape) - 0.5


def loss(x):
    return -glow.encode(x)[1].mean() / (math.prod(shape) * math.log(2))


if options.compile == "whole":
    loss = torch.compile(loss)
elif options.compile == "steps":
    for step in glow.modules():
        if isinstance(step, Step):
            step.compile()


def train(x=x):
    adam.zero_grad(set_to_none=True)
    found = loss(x)
    found.backward()
    if options.until is not None and not clipped(50):
        return found
    adam.step()
    return found


def clipped(limit):
    """As ours: the norm never overflows, and a step that is not finite moves nothing."""
    gradients = [parameter.grad for parameter in glow.parameters()]
    norm = torch.nn.utils.get_total_norm(gradients)
    if not torch.isfinite(norm):
        norm = sum(gradient.double().square().sum() for gradient in gradients).sqrt()
    torch.nn.utils.clip_grads_with_norm_(glow.parameters(), limit, norm)
    return torch.isfinite(norm)


def batches():
    """The pictures in their order, again and again, each time with new noise."""
    images = numpy.fromfile(options.pictures, numpy.uint8).reshape(-1, *shape[1:], shape[0])
    images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    while True:
        for rows in images.split(options.batch):
            if len(rows) == options.batch:
                yield (rows + torch.rand(rows.shape)) / 2 ** glow.config["bits"] - 0.5


def train_until(until, smoothed=20):
    """Seconds and steps; None if the time is over before."""
    loss(x).backward()  # compiles
    found = []
    started = time.perf_counter()
    for batch in batches():
        found.append(train(batch).item() + glow.config["bits"])
        seconds = time.perf_counter() - started
        if len(found) >= smoothed and sum(found[-smoothed:]) / smoothed <= until:
            return {"seconds": seconds, "steps": len(found)}
        if seconds > options.seconds:
            return {"seconds": None}


for _ in sys.stdin:  # a line begins a turn
    if options.until is None:
        found = {"imagesPerSecond": speed(options.batch, train, options.seconds, time.perf_counter)}
    else:
        found = train_until(options.until)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**found, "megabytes": kilobytes / 1024, "version": torch.__version__}), flush=True)

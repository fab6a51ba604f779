"""Images/s of the same model in PyTorch: prints a line of JSON for each. A process of gpu.mjs.

    python3 torch_speed.py '{"checkpoint": …, "folder": …, "batches": [1, 16], "trainBatch": 32, "seconds": 1,
                             "tf32": false, "compile": false, "torchDevice": "cuda"}'

Encode, decode and gradient begin and end in the memory of the host, as ours do; a training step has its batch there.
"""

import json
import math
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "peers"))

import torch  # noqa: E402
from pytorch import Glow, check_golden  # noqa: E402

given = json.loads(sys.argv[1])
device = torch.device(given["torchDevice"])
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = given["tf32"]
torch.manual_seed(1)
# One graph for all batches would be slower than one for each, and this is the faster side of PyTorch that counts.
wrap = torch.compile if given["compile"] else lambda function: function


def show(**line):
    print(json.dumps(line), flush=True)


def measure(what, batch, run):
    """By the median of the runs that fit, at least three after two that compile and warm up."""
    run(), run()
    seconds = []
    end = time.perf_counter() + given["seconds"]
    while len(seconds) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    show(what=what, batch=batch, imagesPerSecond=batch / statistics.median(seconds))


def to_host(values):
    return [value.cpu() for value in values]


show(version=torch.__version__, golden=check_golden(given["checkpoint"], pathlib.Path(given["folder"])))
glow = Glow(given["checkpoint"]).prepare().to(device)
for step in (step for steps in glow.levels for step in steps):
    step.prepared = [matrix.to(device) for matrix in step.prepared]
shape = [glow.config[field] for field in ("channels", "height", "width")]

for batch in given["batches"]:
    torch.compiler.reset()
    x = 0.3 * torch.randn(batch, *shape)
    encode, decode = wrap(glow.encode), wrap(glow.decode)
    with torch.inference_mode():
        latents = [0.3 * torch.randn_like(z.cpu()) for z in glow.encode(x.to(device))[0]]

        def run_encode():
            z, log_prob = encode(x.to(device))
            return to_host([*z, log_prob])

        measure("encode", batch, run_encode)
        measure("decode", batch, lambda: to_host([decode([z.to(device) for z in latents])]))

    glow.requires_grad_(False)
    log_prob_of = wrap(lambda x: glow.encode(x)[1])

    def run_gradient():
        image = x.to(device).requires_grad_()
        log_prob = log_prob_of(image)
        (gradient,) = torch.autograd.grad(log_prob.sum(), image)
        return to_host([log_prob.detach(), gradient])

    measure("gradient", batch, run_gradient)

if given["trainBatch"]:
    torch.compiler.reset()
    glow = Glow(given["checkpoint"]).to(device)
    adam = torch.optim.Adam(glow.parameters(), lr=1e-4)
    x = torch.rand(given["trainBatch"], *shape) - 0.5
    loss_of = wrap(lambda x: -glow.encode(x)[1].mean() / (math.prod(shape) * math.log(2)))

    def train():
        adam.zero_grad(set_to_none=True)
        loss = loss_of(x.to(device))
        loss.backward()
        adam.step()
        return loss.item()

    measure("training step", given["trainBatch"], train)

"""The same Glow in PyTorch, eager and compiled, beside ours: encode, decode and a training step.

    npm run build
    python3 bench/peers/pytorch.py [--model 'K=8'] [--batch 1 16 64] [--train-batch 32] [--no-compile] [--one-thread]

Needs torch and numpy (and a C++ compiler for torch.compile). `ours.mjs` makes the checkpoint, exports it and times us;
this program reads the same checkpoint, first checks its own numbers against golden.safetensors of the exported
folder, then times itself. Preset `tutorial` alone.
"""

import argparse
import json
import math
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch
import torch.nn.functional as F

TUTORIAL = {
    "conv1x1": "lu", "coupling": "tanh", "parameterOrder": "halves", "splitLatent": "first", "padding": "zeros",
    "hiddenActnorm": False, "outputGain": False, "prior": "standard", "classes": 0,
}  # fmt: skip
DTYPES = {"F64": "<f8", "F32": "<f4", "I32": "<i4"}
# Golden values are stored in float32, which rounds to 6e-8; computing in float64 adds nothing to that.
GOLDEN = 1e-6


def read_safetensors(path):
    """Tensors by name, as NumPy arrays, and the metadata."""
    content = pathlib.Path(path).read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = numpy.frombuffer(content[8 + length + begin : 8 + length + end], DTYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(data.reshape(entry["shape"]).copy())
    return tensors, metadata


def squeeze(x):
    """c×h×w to 4c×h/2×w/2, new channel c·4 + dy·2 + dx: PyTorch's own order."""
    return F.pixel_unshuffle(x, 2)


class Step(torch.nn.Module):
    """actnorm → 1×1 convolution → coupling."""

    def __init__(self, tensors, place, dtype):
        super().__init__()

        def trained(name):
            return torch.nn.Parameter(tensors[f"{place}.{name}"].to(dtype))

        self.log_scale, self.bias = trained("actnorm.logScale"), trained("actnorm.bias")
        self.lower, self.upper = trained("conv1x1.lower"), trained("conv1x1.upper")
        self.diagonal = trained("conv1x1.logScale")
        order = tensors[f"{place}.conv1x1.permutation"].long()  # (P·x)[i] = x[order[i]]
        self.register_buffer("permutation", torch.eye(len(order), dtype=dtype)[order])
        self.register_buffer("sign", tensors[f"{place}.conv1x1.sign"].to(dtype))
        self.network = torch.nn.ParameterList(
            [trained(f"coupling.conv{n}.{part}") for n in (1, 2, 3) for part in ("weight", "bias")]
        )
        self.prepared = None  # W and W⁻¹ while nothing trains

    def matrix(self):
        eye = torch.eye(len(self.sign), dtype=self.sign.dtype)
        lower = self.lower.tril(-1) + eye
        return self.permutation @ lower @ (self.upper.triu(1) + torch.diag(self.sign * self.diagonal.exp()))

    def prepare(self):
        matrix = self.matrix().detach()
        inverse = torch.linalg.inv(matrix.double()).to(matrix.dtype)
        self.prepared = matrix[:, :, None, None].contiguous(), inverse[:, :, None, None].contiguous()

    def scale_and_shift(self, a):
        w1, b1, w2, b2, w3, b3 = self.network
        h = F.relu(F.conv2d(a, w1, b1, padding=1))
        h = F.relu(F.conv2d(h, w2, b2))
        h, t = F.conv2d(h, w3, b3, padding=1).chunk(2, 1)
        return 2 * h.tanh(), t

    def forward(self, x):
        log_det = (self.log_scale.sum() + self.diagonal.sum()) * x.shape[2] * x.shape[3]
        x = x * self.log_scale.exp()[:, None, None] + self.bias[:, None, None]
        weight = self.matrix()[:, :, None, None] if self.prepared is None else self.prepared[0]
        a, b = F.conv2d(x, weight).chunk(2, 1)
        s, t = self.scale_and_shift(a)
        return torch.cat([a, b * s.exp() + t], 1), log_det + s.sum((1, 2, 3))

    def inverse(self, y):
        a, b = y.chunk(2, 1)
        s, t = self.scale_and_shift(a)
        x = F.conv2d(torch.cat([a, (b - t) * (-s).exp()], 1), self.prepared[1])
        return (x - self.bias[:, None, None]) * (-self.log_scale).exp()[:, None, None]


class Glow(torch.nn.Module):
    def __init__(self, checkpoint, dtype=torch.float32):
        super().__init__()
        tensors, metadata = read_safetensors(checkpoint)
        self.config = json.loads(metadata["config"])
        for field, expected in TUTORIAL.items():
            if self.config[field] != expected:
                sys.exit(f"{checkpoint}: {field} is {self.config[field]!r}, expected {expected!r} (preset tutorial)")
        self.levels = torch.nn.ModuleList(
            torch.nn.ModuleList(
                Step(tensors, f"levels.{level}.steps.{k}", dtype) for k in range(self.config["steps"])
            )
            for level in range(self.config["levels"])
        )

    def prepare(self):
        for steps in self.levels:
            for step in steps:
                step.prepare()
        return self

    def encode(self, x):
        latents, log_prob = [], 0
        for level, steps in enumerate(self.levels):
            x = squeeze(x)
            for step in steps:
                x, log_det = step(x)
                log_prob = log_prob + log_det
            z, x = (x, None) if level == len(self.levels) - 1 else x.chunk(2, 1)
            latents.append(z)
            log_prob = log_prob - (0.5 * z * z + 0.5 * math.log(2 * math.pi)).sum((1, 2, 3))
        return latents, log_prob

    def decode(self, latents):
        x = None
        for z, steps in zip(reversed(latents), reversed(self.levels)):
            x = z if x is None else torch.cat([z, x], 1)
            for step in reversed(steps):
                x = step.inverse(x)
            x = F.pixel_shuffle(x, 2)
        return x


def check_golden(checkpoint, folder):
    """Largest error against the exported folder's golden values, in float64."""
    golden = {name: value.double() for name, value in read_safetensors(folder / "golden.safetensors")[0].items()}
    glow = Glow(checkpoint, torch.float64).prepare()
    with torch.inference_mode():
        latents, log_prob = glow.encode(golden["x"])
        decoded = glow.decode([golden[f"z{level}"] for level in range(len(latents))])
    pairs = [*((z, golden[f"z{level}"]) for level, z in enumerate(latents))]
    pairs += [(log_prob, golden["log_prob"]), (decoded, golden["decode.x"])]
    worst = max(((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1)).item() for ours, theirs in pairs)
    if not worst <= GOLDEN:
        sys.exit(f"PyTorch differs from golden.safetensors by {worst:.1e}, expected at most {GOLDEN:.0e}")
    return worst


def speed(batch, run, seconds, clock):
    """Images/s by the median of runs, at least three, after two that compile and warm up."""
    run(), run()
    durations = []
    end = time.perf_counter() + seconds
    while len(durations) < 3 or time.perf_counter() < end:
        started = clock()
        run()
        durations.append(clock() - started)
    found = batch / statistics.median(durations)
    print(f"batch {batch}: {found:.3g} images/s", file=sys.stderr)  # the whole takes minutes
    return found


def measure(checkpoint, batches, train_batch, wrap, seconds, clock):
    """Images/s of (pass, batch), every function through `wrap`: as it is, or torch.compile."""
    glow = Glow(checkpoint).prepare()
    shape = [glow.config[field] for field in ("channels", "height", "width")]
    found = {}
    with torch.inference_mode():
        for batch in batches:
            torch.compiler.reset()
            x = 0.3 * torch.randn(batch, *shape)
            latents = [0.3 * torch.randn_like(z) for z in glow.encode(x)[0]]
            encode, decode = wrap(glow.encode), wrap(glow.decode)
            found["encode", batch] = speed(batch, lambda: encode(x), seconds, clock)
            found["decode", batch] = speed(batch, lambda: decode(latents), seconds, clock)
    torch.compiler.reset()
    trained = Glow(checkpoint)
    adam = torch.optim.Adam(trained.parameters(), lr=1e-4)
    x = torch.rand(train_batch, *shape) - 0.5
    loss = wrap(lambda x: -trained.encode(x)[1].mean() / math.prod(shape))

    def train():
        adam.zero_grad(set_to_none=True)
        loss(x).backward()
        adam.step()

    found["training step", train_batch] = speed(train_batch, train, seconds, clock)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="K=8", help="part of the name of a model in bench/models.mjs")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--train-batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4, help="for each number")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--one-thread", action="store_true", help="by processor time of one thread: shared machines")
    options = parser.parse_args()
    torch.manual_seed(1)
    clock = time.perf_counter
    if options.one_thread:
        torch.set_num_threads(1)
        clock = time.process_time
    with tempfile.TemporaryDirectory(prefix="glow-bench-") as directory:
        ours_command = ["node", pathlib.Path(__file__).with_name("ours.mjs"), "--out", directory]
        ours_command += ["--model", options.model, "--seconds", str(options.seconds)]
        ours_command += ["--batch", ",".join(map(str, options.batch)), "--train-batch", str(options.train_batch)]
        ours_command += ["--one-thread"] if options.one_thread else []
        printed = subprocess.run(list(map(str, ours_command)), check=True, stdout=subprocess.PIPE, text=True).stdout
        ours = json.loads(printed)
        checkpoint, folder = pathlib.Path(ours["checkpoint"]), pathlib.Path(ours["folder"])
        print(f"{ours['machine']}, Python {platform.python_version()}, torch {torch.__version__}")
        print(f"{ours['model']}; differs from golden.safetensors by {check_golden(checkpoint, folder):.1e}")
        arguments = checkpoint, options.batch, options.train_batch
        columns = {
            "ours": {(row["pass"], row["batch"]): row["imagesPerSecond"] for row in ours["speeds"]},
            "PyTorch eager": measure(*arguments, lambda function: function, options.seconds, clock),
        }
        if not options.no_compile:
            columns["torch.compile"] = measure(*arguments, torch.compile, options.seconds, clock)
    show = lambda value: "too slow" if value is None else f"{value:.3g}"  # ours, where no step fits into the time
    print(f"| images/s | batch | {' | '.join(columns)} |")
    print(f"|---|--:|{'--:|' * len(columns)}")
    for key in columns["ours"]:
        print(f"| {key[0]} | {key[1]} | {' | '.join(show(found[key]) for found in columns.values())} |")


if __name__ == "__main__":
    main()

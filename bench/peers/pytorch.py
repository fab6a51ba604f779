"""The same Glow in PyTorch, eager and compiled, beside ours: encode, decode and a training step.

    npm run build
    python3 bench/peers/pytorch.py [--model 'K=32'] [--batch 1 16 64] [--train-batch 32] [--no-compile] [--one-thread] [--json]

Needs torch and numpy (and a C++ compiler for torch.compile). `ours.mjs` makes the checkpoint and exports it; this
program reads the same checkpoint, first checks its own numbers against golden.safetensors of the exported folder, then
both take turns. Preset `tutorial` alone.
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


def timed(run, seconds, clock):
    """Seconds of each run, at least one, as many as fit."""
    durations = []
    end = time.perf_counter() + seconds
    while not durations or time.perf_counter() < end:
        started = clock()
        run()
        durations.append(clock() - started)
    return durations


class Ours:
    """ours.mjs, which makes the checkpoint and the model folder, and then runs when it is asked to."""

    def __init__(self, directory, model, one_thread):
        command = ["node", pathlib.Path(__file__).with_name("ours.mjs"), "--out", directory, "--model", model]
        command += ["--one-thread"] if one_thread else []
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(list(map(str, command)), stdin=pipe, stdout=pipe, text=True)
        self.facts = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else sys.exit("ours.mjs ended; its error is above")

    def ask(self, **question):
        print(json.dumps(question), file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


ROUNDS = 4


def interleave(columns, batch, seconds):
    """Images/s of each column by the median of its runs. They take turns, so that what else the machine does hits all."""
    durations = {name: [] for name in columns}
    for run in columns.values():
        run(0), run(0)  # compiles and warms up
    for turn in range(ROUNDS):
        order = list(columns)
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            durations[name] += columns[name](seconds / ROUNDS)
    found = {name: batch / statistics.median(values) for name, values in durations.items()}
    print(f"batch {batch}:", *(f"{name} {value:.3g}" for name, value in found.items()), file=sys.stderr)
    return found


def measure_inference(ours, glow, batch, wrappers, seconds, clock):
    """Images/s of encode and decode by column, of PyTorch through every wrapper: as it is, or torch.compile."""
    torch.compiler.reset()
    x = 0.3 * torch.randn(batch, *(glow.config[field] for field in ("channels", "height", "width")))
    latents = [0.3 * torch.randn_like(z) for z in glow.encode(x)[0]]
    found = {}
    for direction, function, value in (("encode", glow.encode, x), ("decode", glow.decode, latents)):
        columns = {"ours": lambda s: ours.ask(direction=direction, batch=batch, seconds=s)["durations"]}
        for name, wrap in wrappers.items():
            columns[name] = lambda s, wrapped=wrap(function): timed(lambda: wrapped(value), s, clock)
        found[direction, batch] = interleave(columns, batch, seconds)
    return found


def measure_training(ours, checkpoint, batch, wrappers, seconds, clock):
    """Images/s of a training step by column, one after the other: each begins a training of its own."""
    found = {"ours": ours.ask(trainBatch=batch, seconds=seconds)["imagesPerSecond"]}
    for name, wrap in wrappers.items():
        torch.compiler.reset()
        glow = Glow(checkpoint)
        adam = torch.optim.Adam(glow.parameters(), lr=1e-4)
        shape = [glow.config[field] for field in ("channels", "height", "width")]
        x = torch.rand(batch, *shape) - 0.5
        loss = wrap(lambda x: -glow.encode(x)[1].mean() / math.prod(shape))

        def train():
            adam.zero_grad(set_to_none=True)
            loss(x).backward()
            adam.step()

        found[name] = speed(batch, train, seconds, clock)
    return {("training step", batch): found}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="K=8", help="part of the name of a model in bench/models.mjs")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--train-batch", type=int, default=32, help="0 leaves training out")
    parser.add_argument("--seconds", type=float, default=8, help="for each number, in turns")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--one-thread", action="store_true", help="by processor time of one thread: shared machines")
    parser.add_argument("--json", action="store_true", help="raw results, for bench/performance.mjs")
    options = parser.parse_args()
    torch.manual_seed(1)
    clock = time.perf_counter
    if options.one_thread:
        torch.set_num_threads(1)
        clock = time.process_time
    wrappers = {"PyTorch eager": lambda function: function}
    if not options.no_compile:
        wrappers["torch.compile"] = torch.compile
    with tempfile.TemporaryDirectory(prefix="glow-bench-") as directory:
        ours = Ours(directory, options.model, options.one_thread)
        checkpoint, folder = pathlib.Path(ours.facts["checkpoint"]), pathlib.Path(ours.facts["folder"])
        golden = check_golden(checkpoint, folder)
        if not options.json:
            print(f"{ours.facts['machine']}, Python {platform.python_version()}, torch {torch.__version__}")
            print(f"{ours.facts['model']}; differs from golden.safetensors by {golden:.1e}\n")
        found = {}
        glow = Glow(checkpoint).prepare()
        with torch.inference_mode():
            for batch in options.batch:
                found |= measure_inference(ours, glow, batch, wrappers, options.seconds, clock)
        if options.train_batch:
            found |= measure_training(ours, checkpoint, options.train_batch, wrappers, options.seconds, clock)
        ours.close()
    if options.json:
        rows = [{"what": what, "batch": batch, **row} for (what, batch), row in found.items()]
        facts = {"machine": ours.facts["machine"], "model": ours.facts["model"], "torch": torch.__version__}
        print(json.dumps({**facts, "golden": golden, "columns": ["ours", *wrappers], "rows": rows}))
        return
    print(f"| images/s | batch | ours | {' | '.join(wrappers)} | ours / fastest of PyTorch |")
    print(f"|---|--:|--:|{'--:|' * len(wrappers)}--:|")
    for (what, batch), row in found.items():
        ratio = row["ours"] / max(row[name] for name in wrappers)
        print(f"| {what} | {batch} | {' | '.join(f'{value:.3g}' for value in row.values())} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

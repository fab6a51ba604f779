"""A Glow of glow-onnx in PyTorch: images to latents and back, log p(x), and gradients to train it further.

    model = load("model.safetensors")                    # or load(path, torch.float64)
    z, log_prob = model(x)                               # x: batch × channels × height × width, -1/2 … 1/2
    x = model.decode(z)                                  # z: one tensor a level, finest first, N(0, I)
    model.loss(x).backward()                             # nats per image
    save(model, "trained.safetensors")                   # glow-onnx export trained.safetensors --out my-model

Bin q of a colour with n bits is x = (q + 0.5)/2^n - 0.5. A class-conditional model takes labels, [batch], after x and z.
Needs torch alone. Licence: MIT.
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import nn

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I32": torch.int32}


def per_channel(vector):
    return vector[:, None, None]


def convolve(x, p, padding):
    """A convolution; its actnorm or gain is a factor on its outputs. A 3×3 kernel needs padding: zeros, ones, or zeros and
    a channel that is 1 at the border."""
    weight, bias = p.weight, p.actnorm.bias if hasattr(p, "actnorm") else p.bias
    if hasattr(p, "actnorm"):
        weight = weight * p.actnorm.logScale.exp()[:, None, None, None]
    if hasattr(p, "gain"):
        weight, bias = weight * (3 * p.gain).exp()[:, None, None, None], bias * (3 * p.gain).exp()
    if weight.shape[-1] == 1:
        return F.conv2d(x, weight, bias)
    y = F.pad(x, (1, 1, 1, 1), value=1.0 if padding == "ones" else 0.0)
    if padding == "border":
        y = torch.cat([y, F.pad(torch.zeros_like(x[:, :1]), (1, 1, 1, 1), value=1.0)], 1)
    return F.conv2d(y, weight, bias)


def matrix(p):
    """W of a 1×1 convolution, and log|det W|."""
    if hasattr(p, "weight"):
        return p.weight, torch.linalg.slogdet(p.weight)[1]
    order = p.permutation.long()
    if not hasattr(p, "lower"):
        return torch.eye(len(order), device=order.device)[order], 0.0
    lower = p.lower.tril(-1) + torch.eye(len(order), dtype=p.lower.dtype, device=order.device)
    return (lower @ (p.upper.triu(1) + torch.diag(p.sign * p.logScale.exp())))[order], p.logScale.sum()


class Glow(nn.Module):
    """The parameters have the names of the checkpoint, such as levels.0.steps.3.actnorm.bias."""

    def __init__(self, config, tensors):
        super().__init__()
        self.settings, self.depth = config, config["levels"]
        self.register_buffer("config", torch.tensor(list(json.dumps(config).encode()), dtype=torch.uint8))
        for full, value in tensors.items():
            *path, name = full.split(".")
            place = self
            for part in path:
                if not hasattr(place, part):
                    place.add_module(part, nn.Module())
                place = getattr(place, part)
            fixed = name in ("permutation", "sign")
            place.register_buffer(name, value) if fixed else place.register_parameter(name, nn.Parameter(value))

    def steps(self, level):
        return [self.get_submodule(f"levels.{level}.steps.{k}") for k in range(self.settings["steps"])]

    def coupling(self, p, a):
        """log s, t and whether t comes first: y = s·(b + t), or y = s·b + t."""
        config = self.settings
        inside = "zeros" if config["padding"] == "ones" else config["padding"]
        if config.get("inputRelu"):
            a = F.relu(a * per_channel(p.input.scale) + per_channel(p.input.bias))
        hidden = F.relu(convolve(a, p.conv1, inside))
        second = convolve(hidden, p.conv2, inside)
        if config.get("hiddenLayer", "plain") == "gated":
            value, gate = second.chunk(2, 1)
            hidden = hidden + value * torch.sigmoid(gate)
        else:
            hidden = F.relu(second) + (hidden if config.get("hiddenLayer") == "residual" else 0)
        output = convolve(hidden, p.conv3, config["padding"])
        if config["coupling"] == "additive":
            return torch.zeros_like(output), output, True
        interleaved = config["parameterOrder"] == "interleaved"
        h, t = (output[:, 1::2], output[:, 0::2]) if interleaved else output.chunk(2, 1)
        if config["coupling"] == "sigmoid":
            return F.logsigmoid(h + 2), t, True
        if config["coupling"] == "bounded":
            return (1 / 8 + 7 / 8 * torch.sigmoid(h + 2)).log(), 8 * torch.tanh(t / 8), True
        if config["coupling"] == "scaled-tanh":
            return per_channel(p.scale) * torch.tanh(h), t, True
        return 2 * torch.tanh(h), t, False

    def step(self, p, x):
        x = x * per_channel(p.actnorm.logScale.exp()) + per_channel(p.actnorm.bias)
        w, log_det = matrix(p.conv1x1)
        a, b = F.conv2d(x, w.to(x)[:, :, None, None]).chunk(2, 1)
        log_s, t, first = self.coupling(p.coupling, a)
        y = (b + t) * log_s.exp() if first else b * log_s.exp() + t
        pixels = x[0, 0].numel()
        return torch.cat([a, y], 1), pixels * (p.actnorm.logScale.sum() + log_det) + log_s.sum((1, 2, 3))

    def inverse_step(self, p, x):
        a, y = x.chunk(2, 1)
        log_s, t, first = self.coupling(p.coupling, a)
        b = y * (-log_s).exp() - t if first else (y - t) * (-log_s).exp()
        w = torch.linalg.inv(matrix(p.conv1x1)[0].double()).to(x)
        x = F.conv2d(torch.cat([a, b], 1), w[:, :, None, None])
        return (x - per_channel(p.actnorm.bias)) * per_channel((-p.actnorm.logScale).exp())

    def distribution(self, level, rest, label):
        """Mean and log-sd of a latent, given the half that goes on; at the top of an image of zeros, or per channel."""
        config, top = self.settings, level == self.depth - 1
        if config["prior"] == "standard":
            return torch.zeros_like(rest), torch.zeros_like(rest)
        if top and config["topPrior"] == "channel":
            p = self.prior
            output = torch.cat([p.mean, p.logSd])[None, :, None, None]
        else:
            p = self.get_submodule(f"levels.{level}.prior")
            output = convolve(torch.zeros_like(rest) if top else rest, p, config["padding"])
        if config["classes"] and (top or config.get("splitClasses")):
            output = output + p.classes[label][:, :, None, None]
        interleaved = config["parameterOrder"] == "interleaved" and not top
        mean, log_sd = (output[:, 0::2], output[:, 1::2]) if interleaved else output.chunk(2, 1)
        bounded = config["prior"] == "bounded" and not (top and config["topPrior"] == "channel")
        return mean, 4 * torch.tanh(log_sd / 4) if bounded else log_sd

    def forward(self, x, label=None):
        """x to the latents of all levels, and log p(x) in nats: [batch]."""
        latents, log_prob, share = [], x.new_zeros(len(x)), self.settings.get("logitRange", 0)
        if share:
            p, q = 0.5 + share * x, 0.5 - share * x
            x, log_prob = p.log() - q.log(), (math.log(share) - p.log() - q.log()).sum((1, 2, 3))
        for level in range(self.depth):
            x = F.pixel_unshuffle(x, 2)
            for p in self.steps(level):
                x, log_det = self.step(p, x)
                log_prob = log_prob + log_det
            halves = (x, x) if level == self.depth - 1 else x.chunk(2, 1)
            z, x = halves if self.settings["splitLatent"] == "first" else reversed(halves)
            mean, log_sd = self.distribution(level, x, label)
            z = (z - mean) * (-log_sd).exp()
            latents.append(z)
            log_prob = log_prob + (-0.5 * z * z - 0.5 * math.log(2 * math.pi) - log_sd).sum((1, 2, 3))
        return latents, log_prob

    def decode(self, latents, label=None):
        x = None
        for level in reversed(range(self.depth)):
            mean, log_sd = self.distribution(level, latents[level] if x is None else x, label)
            z = mean + latents[level] * log_sd.exp()
            x = z if x is None else torch.cat([z, x] if self.settings["splitLatent"] == "first" else [x, z], 1)
            for p in reversed(self.steps(level)):
                x = self.inverse_step(p, x)
            x = F.pixel_shuffle(x, 2)
        share = self.settings.get("logitRange", 0)
        return (torch.sigmoid(x) - 0.5) / share if share else x

    def loss(self, x, label=None):
        return -self(x, label)[1].mean()


def load(path, dtype=torch.float32):
    """A model from a checkpoint of glow-onnx. Without float64, numbers that float32 cannot hold are rounded."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    header, tensors = json.loads(data[8:start]), {}
    for name, entry in header.items():
        if name.startswith(("levels.", "prior.")):
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return Glow(json.loads(header["__metadata__"]["config"]), tensors).to(dtype)


def save(model, path):
    """Writes a checkpoint that glow-onnx reads: to export it, or to train it further."""
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items() if name != "config"}
    order = sorted(state, key=lambda name: (-state[name].element_size(), name))
    names, at, parts = {value: key for key, value in DTYPES.items()}, 0, []
    metadata = {"format": "glow-onnx checkpoint", "version": "1", "config": json.dumps(model.settings), "initialised": "true"}
    header = {"__metadata__": metadata}
    for name in order:
        parts.append(state[name].numpy().tobytes())
        span = [at, at + len(parts[-1])]
        header[name] = {"dtype": names[state[name].dtype], "shape": list(state[name].shape), "data_offsets": span}
        at = span[1]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))

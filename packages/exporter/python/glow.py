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


def zeros(*shape):
    return nn.Parameter(torch.zeros(*shape))


def per_channel(vector):
    return vector[:, None, None]


def convolve(x, weight, bias, padding):
    """A 3×3 convolution of an image padded with zeros, with ones, or with zeros and a channel that is 1 at the border."""
    y = F.pad(x, (1, 1, 1, 1), value=1.0 if padding == "ones" else 0.0)
    if padding == "border":
        y = torch.cat([y, F.pad(torch.zeros_like(x[:, :1]), (1, 1, 1, 1), value=1.0)], 1)
    return F.conv2d(y, weight, bias)


def halves(output, interleaved):
    """The first half of the channels and the second; of interleaved channels the odd ones and the even ones."""
    return (output[:, 1::2], output[:, 0::2]) if interleaved else output.chunk(2, 1)


class Actnorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.logScale, self.bias = zeros(channels), zeros(channels)

    def forward(self, x):
        y = x * per_channel(self.logScale.exp()) + per_channel(self.bias)
        return y, self.logScale.sum() * x[0, 0].numel()

    def inverse(self, y):
        return (y - per_channel(self.bias)) * per_channel((-self.logScale).exp())


class Conv1x1(nn.Module):
    def __init__(self, kind, channels):
        super().__init__()
        self.kind = kind
        if kind == "full":
            self.weight = zeros(channels, channels)
            return
        self.register_buffer("permutation", torch.arange(channels, dtype=torch.int32))
        if kind == "lu":
            self.lower, self.upper, self.logScale = zeros(channels, channels), zeros(channels, channels), zeros(channels)
            self.register_buffer("sign", torch.ones(channels))

    def matrix(self):
        """W and log|det W|."""
        if self.kind == "full":
            return self.weight, torch.linalg.slogdet(self.weight)[1]
        order = self.permutation.long()
        if self.kind != "lu":
            identity = torch.eye(len(order), device=order.device)
            return identity[order], torch.zeros((), device=order.device)
        lower = self.lower.tril(-1) + torch.eye(len(order), dtype=self.lower.dtype, device=order.device)
        upper = self.upper.triu(1) + torch.diag(self.sign * self.logScale.exp())
        return (lower @ upper)[order], self.logScale.sum()

    def forward(self, x):
        matrix, log_det = self.matrix()
        return F.conv2d(x, matrix.to(x)[:, :, None, None]), log_det.to(x) * x[0, 0].numel()

    def inverse(self, y):
        matrix = torch.linalg.inv(self.matrix()[0].double())
        return F.conv2d(y, matrix.to(y)[:, :, None, None])


class HiddenConv(nn.Module):
    def __init__(self, inputs, outputs, size, config):
        super().__init__()
        self.padding = "border" if config["padding"] == "border" else "zeros"
        border = size == 3 and self.padding == "border"
        self.weight = zeros(outputs, inputs + border, size, size)
        if config["hiddenActnorm"]:
            self.actnorm = Actnorm(outputs)
        else:
            self.bias = zeros(outputs)

    def forward(self, x):
        weight, actnorm = self.weight, getattr(self, "actnorm", None)
        if actnorm is not None:
            weight = weight * per_channel(actnorm.logScale.exp())[:, None]
        bias = self.bias if actnorm is None else actnorm.bias
        y = convolve(x, weight, bias, self.padding) if weight.shape[-1] == 3 else F.conv2d(x, weight, bias)
        return F.relu(y)


class OutputConv(nn.Module):
    def __init__(self, inputs, outputs, padding, gain):
        super().__init__()
        self.padding = padding
        self.weight, self.bias = zeros(outputs, inputs + (padding == "border"), 3, 3), zeros(outputs)
        self.gain = zeros(outputs) if gain else None

    def forward(self, x):
        y = convolve(x, self.weight, self.bias, self.padding)
        return y if self.gain is None else y * per_channel((3 * self.gain).exp())


class Coupling(nn.Module):
    def __init__(self, config, channels):
        super().__init__()
        self.kind, self.interleaved = config["coupling"], config["parameterOrder"] == "interleaved"
        half, hidden = channels // 2, config["hiddenChannels"]
        outputs = half if self.kind == "additive" else channels
        self.conv1 = HiddenConv(half, hidden, 3, config)
        self.conv2 = HiddenConv(hidden, hidden, 1, config)
        self.conv3 = OutputConv(hidden, outputs, config["padding"], config["outputGain"])

    def affine(self, a):
        """log s, t and whether t comes before s: y = s·b + t or y = s·(b + t)."""
        output = self.conv3(self.conv2(self.conv1(a)))
        if self.kind == "additive":
            return torch.zeros_like(output), output, False
        h, t = halves(output, self.interleaved)
        return (2 * torch.tanh(h), t, False) if self.kind == "tanh" else (F.logsigmoid(h + 2), t, True)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        log_scale, t, shift_first = self.affine(a)
        scale = log_scale.exp()
        y = (b + t) * scale if shift_first else b * scale + t
        return torch.cat([a, y], 1), log_scale.sum((1, 2, 3))

    def inverse(self, x):
        a, y = x.chunk(2, 1)
        log_scale, t, shift_first = self.affine(a)
        scale = (-log_scale).exp()
        return torch.cat([a, y * scale - t if shift_first else (y - t) * scale], 1)


class Step(nn.Module):
    def __init__(self, config, channels):
        super().__init__()
        self.actnorm = Actnorm(channels)
        self.conv1x1 = Conv1x1(config["conv1x1"], channels)
        self.coupling = Coupling(config, channels)

    def forward(self, x):
        total = 0.0
        for layer in (self.actnorm, self.conv1x1, self.coupling):
            x, log_det = layer(x)
            total = total + log_det
        return x, total

    def inverse(self, y):
        return self.actnorm.inverse(self.conv1x1.inverse(self.coupling.inverse(y)))


class ChannelPrior(nn.Module):
    """Mean and log-sd per channel at the top, moved by the label."""

    def __init__(self, channels, classes):
        super().__init__()
        self.mean, self.logSd = zeros(channels), zeros(channels)
        self.classes = zeros(classes, 2 * channels) if classes else None

    def forward(self, like, label):
        mean, log_sd = self.mean[None], self.logSd[None]
        if self.classes is not None:
            moved = self.classes[label]
            mean, log_sd = mean + moved.chunk(2, 1)[0], log_sd + moved.chunk(2, 1)[1]
        return mean[:, :, None, None], log_sd[:, :, None, None]


class Level(nn.Module):
    def __init__(self, config, channels, top):
        super().__init__()
        self.top, self.latent_first = top, config["splitLatent"] == "first"
        self.interleaved = config["parameterOrder"] == "interleaved" and not top
        self.steps = nn.ModuleList(Step(config, channels) for _ in range(config["steps"]))
        latent = channels if top else channels // 2
        if config["prior"] == "learned" and not (top and config["topPrior"] == "channel"):
            self.prior = OutputConv(latent, 2 * latent, config["padding"], True)
            self.prior.classes = zeros(config["classes"], 2 * latent) if top and config["classes"] else None

    def distribution(self, rest, label):
        """Mean and log-sd of the latent, given the half that goes on; at the top of an image of zeros."""
        if not hasattr(self, "prior"):
            return torch.zeros_like(rest), torch.zeros_like(rest)
        output = self.prior(torch.zeros_like(rest) if self.top else rest)
        if self.prior.classes is not None:
            output = output + self.prior.classes[label][:, :, None, None]
        if not self.interleaved:
            return output.chunk(2, 1)
        return output[:, 0::2], output[:, 1::2]


class Glow(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.settings = config
        self.register_buffer("config", torch.tensor(list(json.dumps(config).encode()), dtype=torch.uint8))
        channels = [config["channels"] * 4 * 2**level for level in range(config["levels"])]
        self.levels = nn.ModuleList(Level(config, c, c == channels[-1]) for c in channels)
        if config["prior"] == "learned" and config["topPrior"] == "channel":
            self.prior = ChannelPrior(channels[-1], config["classes"])

    def distribution(self, level, rest, label):
        return self.prior(rest, label) if level.top and hasattr(self, "prior") else level.distribution(rest, label)

    def forward(self, x, label=None):
        """x to the latents of all levels, and log p(x) in nats: [batch]."""
        latents, log_prob = [], x.new_zeros(len(x))
        for level in self.levels:
            x = F.pixel_unshuffle(x, 2)
            for step in level.steps:
                x, log_det = step(x)
                log_prob = log_prob + log_det
            z, x = (x, x) if level.top else x.chunk(2, 1) if level.latent_first else reversed(x.chunk(2, 1))
            mean, log_sd = self.distribution(level, x, label)
            z = (z - mean) * (-log_sd).exp()
            density = -0.5 * z * z - 0.5 * math.log(2 * math.pi) - log_sd
            latents.append(z)
            log_prob = log_prob + density.sum((1, 2, 3))
        return latents, log_prob

    def decode(self, latents, label=None):
        x = None
        for level, z in zip(reversed(self.levels), reversed(latents)):
            mean, log_sd = self.distribution(level, z if x is None else x, label)
            z = mean + z * log_sd.exp()
            x = z if x is None else torch.cat([z, x] if level.latent_first else [x, z], 1)
            for step in reversed(level.steps):
                x = step.inverse(x)
            x = F.pixel_shuffle(x, 2)
        return x

    def loss(self, x, label=None):
        return -self(x, label)[1].mean()


def load(path, dtype=torch.float32):
    """A model from a checkpoint of glow-onnx. Without float64, numbers that float32 cannot hold are rounded."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    model = Glow(json.loads(header["__metadata__"]["config"])).to(dtype)
    state = {"config": model.config}
    for name in model.state_dict().keys() - {"config"}:
        entry = header[name]
        begin, end = entry["data_offsets"]
        numbers = torch.frombuffer(bytearray(data[start + begin : start + end]), dtype=DTYPES[entry["dtype"]])
        state[name] = numbers.reshape(entry["shape"])
    model.load_state_dict(state)
    return model


def save(model, path):
    """Writes a checkpoint that glow-onnx reads: to export it, or to train it further."""
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items() if name != "config"}
    order = sorted(state, key=lambda name: (-state[name].element_size(), name))
    names, at, parts = {value: key for key, value in DTYPES.items()}, 0, []
    config = json.dumps(model.settings)
    metadata = {"format": "glow-onnx checkpoint", "version": "1", "config": config, "initialised": "true"}
    header = {"__metadata__": metadata}
    for name in order:
        part = state[name].numpy().tobytes()
        parts.append(part)
        header[name] = {"dtype": names[state[name].dtype], "shape": list(state[name].shape), "data_offsets": [at, at + len(part)]}
        at += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))

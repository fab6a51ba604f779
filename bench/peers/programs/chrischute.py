"""github.com/chrischute/glow. A checkpoint of its train.py is {"net": the state_dict, …}, by torch.save."""

import copy
import math
import sys

import torch

from . import _torch

VARIANTS = [
    # variant, form, levels, trained
    ("random", "npz", 2, False),
    ("random-one-level", "safetensors", 1, False),
    ("trained", "pt", 2, True),
]


def fixtures(source):
    sys.path.insert(0, str(source))
    import models
    import util
    from models.glow.glow import squeeze

    for seed, (variant, form, levels, trained) in enumerate(VARIANTS):
        _torch.seed_all(seed)
        glow = models.Glow(num_channels=4, num_levels=levels, num_steps=2)
        (train if trained else randomise)(glow, util, seed)
        state = glow.state_dict()
        with torch.no_grad(), _torch.float_is_double():
            expected = run(copy.deepcopy(glow).double().eval(), util, squeeze, levels, seed)
        yield {
            "variant": variant,
            "form": form,
            "weights": _torch.arrays(state),
            "expected": expected,
            "save": (lambda path, state=state: torch.save({"net": state, "epoch": 1}, path)) if form == "pt" else None,
        }


def train(glow, util, seed):
    """Steps of its train.py, from its own first weights, on images with a gradient and noise."""
    optimizer, loss = torch.optim.Adam(glow.parameters(), lr=1e-2), util.NLLLoss()
    generator = torch.Generator().manual_seed(seed)
    ramp = torch.linspace(0.2, 0.8, 12)
    for _ in range(20):
        x = (ramp + 0.1 * torch.randn(16, 3, 8, 12, generator=generator)).clamp(0, 1)
        optimizer.zero_grad()
        loss(*glow(x)).backward()
        optimizer.step()


def randomise(glow, util, seed):
    _torch.randomise(glow, seed)
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for name, module in glow.named_modules():
            if hasattr(module, "is_initialized"):
                module.is_initialized.fill_(1)
            if isinstance(module, torch.nn.BatchNorm2d):  # factors of both signs
                module.weight.mul_(5).add_(0.5)
                module.running_mean.normal_(0, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
            if name.endswith("coup"):
                module.scale.add_(0.8)


def run(glow, util, squeeze, levels, seed):
    x = _torch.image((1, 3, 8, 12), seed)
    original = torch.rand_like
    torch.rand_like = lambda like: torch.full_like(like, 0.5)  # the centres of bins
    try:
        image, sldj = glow((256 * (x + 0.5) - 0.5) / 255)
    finally:
        torch.rand_like = original
    nats = -util.NLLLoss()(image, sldj) + math.log(256) * x[0].numel()
    z = levels_of(image, squeeze, levels)
    others = _torch.near(z, seed + 100)
    logits, _ = glow(image_of(others, squeeze), reverse=True)
    return {
        "x": x.numpy(),
        "log_prob": nats[None].numpy(),
        **_torch.listed("z", z),
        **_torch.listed("decode.z", others),
        "decode.x": ((torch.sigmoid(logits) - 0.5) / glow.bounds).numpy(),
    }


def levels_of(image, squeeze, levels):
    """Its latent image as latents of levels, finest first; of the last one the halves are exchanged."""
    z, h = [], squeeze(image)
    for _ in range(levels - 1):
        h, latent = squeeze(h).chunk(2, 1)
        z.append(squeeze(latent, reverse=True))
    return [*z, h.roll(h.shape[1] // 2, 1)]


def image_of(z, squeeze):
    h = z[-1].roll(z[-1].shape[1] // 2, 1)
    for latent in reversed(z[:-1]):
        h = squeeze(torch.cat([h, squeeze(latent)], 1), reverse=True)
    return squeeze(h, reverse=True)

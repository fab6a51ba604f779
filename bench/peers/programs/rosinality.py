"""github.com/rosinality/glow-pytorch. A checkpoint of its train.py is the state_dict of the model, by torch.save."""

import copy
import sys

import torch

from . import _torch

VARIANTS = [
    # variant, form, channels, levels, affine, conv_lu, negative scales
    ("affine-lu", "pt", 1, 2, True, True, True),
    ("affine-full", "npz", 1, 2, True, False, False),
    ("additive-lu", "safetensors", 1, 2, False, True, False),
    ("additive-full-rgb", "safetensors", 3, 1, False, False, True),
]


def fixtures(source):
    sys.path.insert(0, str(source))
    import model as program

    for seed, (variant, form, channels, levels, affine, conv_lu, negative) in enumerate(VARIANTS):
        glow = build(program, channels, levels, affine, conv_lu, negative, seed)
        state = glow.state_dict()
        with torch.no_grad(), _torch.float_is_double():
            expected = run(program, copy.deepcopy(glow).double(), channels, seed)
        yield {
            "variant": variant,
            "form": form,
            "weights": _torch.arrays(state),
            "expected": expected,
            "save": (lambda path, state=state: torch.save(state, path)) if form == "pt" else None,
        }


def build(program, channels, levels, affine, conv_lu, negative, seed):
    _torch.seed_all(seed)
    block = program.AffineCoupling
    program.AffineCoupling = lambda inputs, affine: block(inputs, filter_size=4, affine=affine)
    try:
        glow = program.Glow(channels, n_flow=2, n_block=levels, affine=affine, conv_lu=conv_lu)
    finally:
        program.AffineCoupling = block
    _torch.randomise(glow, seed)
    with torch.no_grad():
        for module in glow.modules():
            if isinstance(module, program.ActNorm):
                module.initialized.fill_(1)
                module.scale.abs_().add_(0.7)
                if negative:
                    module.scale[:, ::3] *= -1
    return glow


def run(program, glow, channels, seed):
    x = _torch.image((1, channels, 8, 12), seed)
    moments = []
    gaussian = program.gaussian_log_p

    def record(z, mean, log_sd):
        moments.append((z, mean, log_sd))
        return gaussian(z, mean, log_sd)

    program.gaussian_log_p = record
    try:
        log_p, logdet, _ = glow(x)
    finally:
        program.gaussian_log_p = gaussian
    z = [(z - mean) / torch.exp(log_sd) for z, mean, log_sd in moments]
    others = _torch.near(z, seed + 100)
    return {
        "x": x.numpy(),
        "log_prob": (log_p + logdet).numpy(),
        **_torch.listed("z", z),
        **_torch.listed("decode.z", others),
        "decode.x": glow.reverse(others).numpy(),
    }

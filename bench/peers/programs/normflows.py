"""normflows 1.7.3 (PyPI): its MultiscaleFlow of GlowBlocks, built as its example builds it. `--source` is the folder
that holds the package."""

import importlib
import sys

import torch

from . import _torch

VARIANTS = [
    # variant, form, channels, levels, block, base, classes, whether all bases depend on them or the top alone
    ("affine-lu", "pt", 1, 2, {}, "glow", None, False),
    ("affine-full-actnorm", "npz", 1, 2, {"use_lu": False, "net_actnorm": True}, "glow", None, False),
    ("additive-lu-classes", "safetensors", 1, 2, {"scale": False}, "glow", 3, False),
    ("affine-lu-rgb", "safetensors", 3, 2, {}, "gaussian", None, False),
    ("affine-lu-all-classes", "safetensors", 1, 2, {}, "glow", 3, True),
]
HEIGHT, WIDTH = 8, 12


def fixtures(source):
    sys.path.insert(0, str(source))
    program = importlib.import_module("normflows")

    for seed, (variant, form, channels, levels, block, base, classes, at_splits) in enumerate(VARIANTS):
        _torch.seed_all(seed)
        flow = build(program, channels, levels, block, base, classes, at_splits)
        _torch.randomise(flow, seed)
        with torch.no_grad():
            for module in flow.modules():
                if isinstance(module, program.flows.ActNorm):
                    module.data_dep_init_done.fill_(1)
                if isinstance(module, program.distributions.DiagGaussian):  # the same at every pixel
                    for value in (module.loc, module.log_scale):
                        value.copy_(value[:, :, :1, :1].expand_as(value))
        state = {name: value.clone() for name, value in flow.state_dict().items()}
        with torch.no_grad():
            expected = run(program, flow.double(), channels, classes, seed)
        yield {
            "variant": variant,
            "form": form,
            "weights": _torch.arrays(state),
            "expected": expected,
            "save": (lambda path, state=state: torch.save(state, path)) if form == "pt" else None,
        }


def build(program, channels, levels, block, base, classes, at_splits):
    bases, flows, merges = [], [], []
    for i in range(levels):
        inside = channels * 2 ** (levels + 1 - i)
        blocks = [program.flows.GlowBlock(inside, 4, split_mode="channel", **block) for _ in range(2)]
        flows.append([*blocks, program.flows.Squeeze()])
        if i > 0:
            merges.append(program.flows.Merge())
        latent = (inside // (2 if i > 0 else 1), HEIGHT // 2 ** (levels - i), WIDTH // 2 ** (levels - i))
        if base == "gaussian":
            bases.append(program.distributions.DiagGaussian(latent))
        else:
            bases.append(program.distributions.GlowBase(latent, num_classes=classes if i == 0 or at_splits else None))
    return program.MultiscaleFlow(bases, flows, merges, class_cond=classes is not None)


def run(program, flow, channels, classes, seed):
    batch = 2 if classes else 1
    x = _torch.image((batch, channels, HEIGHT, WIDTH), seed)
    label = torch.eye(classes, dtype=torch.double)[torch.arange(batch) % classes] if classes else None
    raw, _ = flow.inverse_and_log_det(x + 0.5)
    moments = [moments_of(base, label) for base in flow.q0]
    z = [(value - mean) / torch.exp(logs) for value, (mean, logs) in zip(raw, moments)]
    others = _torch.near(z, seed + 100)
    decoded, _ = flow.forward_and_log_det([mean + torch.exp(logs) * eps for eps, (mean, logs) in zip(others, moments)])
    return {
        "x": x.numpy(),
        **({"label": label.numpy()} if classes else {}),
        "log_prob": flow.log_prob(x + 0.5, label).numpy(),
        **_torch.listed("z", z[::-1]),  # its first latent is the top
        **_torch.listed("decode.z", others[::-1]),
        "decode.x": (decoded - 0.5).numpy(),
    }


def moments_of(base, label):
    """Mean and log-sd; log_prob is the program's own."""
    if not hasattr(base, "loc_logs"):
        return base.loc, base.log_scale
    loc = base.loc * torch.exp(3 * base.loc_logs)
    log_scale = base.log_scale * torch.exp(3 * base.log_scale_logs)
    if base.class_cond:
        loc = loc + (label @ base.loc_cc)[:, :, None, None]
        log_scale = log_scale + (label @ base.log_scale_cc)[:, :, None, None]
    return loc, log_scale

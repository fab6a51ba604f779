"""github.com/chaiyujin/glow-pytorch. Its files are {"graph": state_dict, "optim": …, "global_step": …}."""

import sys
from types import ModuleType, SimpleNamespace

import numpy
import torch

from . import _flow_layers


def fixtures(source):
    numpy.long = int  # NumPy had it when the program was written
    for name in ("matplotlib", "matplotlib.pyplot", "tqdm"):  # for its plots and bars alone
        stub = sys.modules.setdefault(name, ModuleType(name))
        stub.use = stub.tqdm = lambda *_: None
    sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
    package = ModuleType("glow")  # without its __init__, which imports the trainer
    package.__path__ = [str(source / "glow")]
    sys.modules["glow"] = package
    from glow import models, modules, utils

    def build(batch, **choices):
        return models.Glow(
            SimpleNamespace(
                Glow=SimpleNamespace(**choices),
                Device=SimpleNamespace(glow="cpu"),
                Train=SimpleNamespace(batch_size=batch),
            )
        )

    def record(moments):
        def logp(mean, logs, x):
            moments.append((mean, logs, x))
            return original(mean, logs, x)

        original = modules.GaussianDiag.logp
        return _flow_layers.replaced(modules.GaussianDiag, "logp", staticmethod(logp))

    def sampling(latents):
        rest = iter(latents)
        sample = staticmethod(lambda mean, logs, eps_std: mean + torch.exp(logs) * next(rest))
        return _flow_layers.replaced(modules.GaussianDiag, "sample", sample)

    def save(glow, path):
        utils.save(0, glow, torch.optim.SGD(glow.parameters(), lr=0.1), pkg_dir=str(path.parent))
        (path.parent / "save_0k0.pkg").rename(path)

    return _flow_layers.fixtures(
        SimpleNamespace(
            build=build,
            offset=0.5,  # its x are p/255
            record=record,
            sampling=sampling,
            log_prob=modules.GaussianDiag.logp,
            prior=lambda glow, batch, label: glow.prior(label),
            form="pkg",
            save=save,
        )
    )

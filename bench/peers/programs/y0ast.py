"""github.com/y0ast/Glow-PyTorch."""

import sys
from types import SimpleNamespace

import torch

from . import _flow_layers


def fixtures(source):
    sys.path.insert(0, str(source))
    import model
    import modules

    def record(moments):
        def likelihood(mean, logs, x):
            moments.append((mean, logs, x))
            return original(mean, logs, x)

        original = modules.gaussian_likelihood
        return _flow_layers.replaced(modules, "gaussian_likelihood", likelihood)

    def sampling(latents):
        rest = iter(latents)
        return _flow_layers.replaced(
            modules, "gaussian_sample", lambda mean, logs, temperature: mean + torch.exp(logs) * next(rest)
        )

    return _flow_layers.fixtures(
        SimpleNamespace(
            build=lambda batch, **choices: model.Glow(**choices),
            offset=0,
            record=record,
            sampling=sampling,
            log_prob=modules.gaussian_likelihood,
            prior=lambda glow, batch, label: glow.prior(torch.zeros(batch), label),
            form="pt",
            save=lambda glow, path: torch.save(glow.state_dict(), path),
        )
    )

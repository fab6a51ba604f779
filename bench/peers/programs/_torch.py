"""What the PyTorch programs have in common."""

import contextlib

import numpy
import torch


def seed_all(seed):
    """Programs draw their first weights from both."""
    torch.manual_seed(seed)
    numpy.random.seed(seed)


def randomise(model, seed):
    """Random numbers for every parameter: no part of the model is near the identity, and no scale far from 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            values = torch.randn(parameter.shape, generator=generator)
            shape = parameter.squeeze().shape
            if len(shape) == 2 and shape[0] == shape[1]:  # orthogonal, or a triangle
                parameter.add_(0.1 * values)
            elif len(shape) > 1:
                parameter.copy_(0.4 / shape[1:].numel() ** 0.5 * values)
            else:
                parameter.copy_(0.12 * values)


def image(shape, seed):
    """An image of 8 bits, the centres of its bins: −1/2 … 1/2."""
    random = numpy.random.default_rng(seed)
    return torch.tensor((random.integers(0, 256, shape) + 0.5) / 256 - 0.5)


def near(latents, seed):
    """Other latents, not far away: random ones may lie where a random model explodes."""
    random = numpy.random.default_rng(seed)
    return [z + torch.tensor(0.1 * random.standard_normal(tuple(z.shape))) for z in latents]


@contextlib.contextmanager
def float_is_double():
    """Programs that compute a matrix in float64 and turn it back with `.float()` stay in float64."""
    original = torch.Tensor.float
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.Tensor.float = original


def arrays(state):
    return {name: value.detach().numpy() for name, value in state.items()}


def listed(prefix, values):
    return {f"{prefix}{index}": value.detach().numpy() for index, value in enumerate(values)}

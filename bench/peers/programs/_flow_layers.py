"""The two PyTorch programs whose models are a list `flow.layers`: squeezes, steps and splits in the order of encode."""

import contextlib

import torch

from . import _torch

VARIANTS = [
    # variant, form, (height, width, channels), K, hidden channels, coupling, permutation, LU, learned top, classes
    ("affine-invconv", None, (8, 12, 1), 2, 4, "affine", "invconv", False, False, 0),
    ("affine-lu", "safetensors", (12, 8, 3), 1, 6, "affine", "invconv", True, False, 0),
    ("additive-reverse-top", "npz", (8, 12, 1), 2, 4, "additive", "reverse", False, True, 0),
    ("additive-shuffle", "safetensors", (8, 12, 1), 2, 4, "additive", "shuffle", False, False, 0),
    ("affine-lu-top-classes", "safetensors", (8, 12, 1), 2, 4, "affine", "invconv", True, True, 3),
    ("additive-invconv-classes", "npz", (8, 12, 1), 2, 4, "additive", "invconv", False, False, 3),
]


def fixtures(program):
    """`program` has `build(batch, ...)`, `offset` of its x from ours, the contexts `record(moments)` and `sampling(list)`,
    the Gaussian's `log_prob(mean, logs, z)`, the `form` of its own files and how it writes them, `save(model, path)`."""
    for seed, (variant, form, shape, k, hidden, coupling, permutation, lu, top, classes) in enumerate(VARIANTS):
        _torch.seed_all(seed)
        batch = 2 if classes else 1
        glow = program.build(
            batch,
            image_shape=shape, K=k, L=2, hidden_channels=hidden, flow_coupling=coupling, flow_permutation=permutation,
            LU_decomposed=lu, learn_top=top, y_condition=classes > 0, y_classes=max(classes, 1), actnorm_scale=1.0,
        )  # fmt: skip
        _torch.randomise(glow, seed)
        with torch.no_grad():
            glow.prior_h.zero_()
        glow.set_actnorm_init()
        glow.eval()
        with torch.no_grad(), _torch.float_is_double():
            expected = run(program, glow.double(), batch, shape, classes, seed)
        glow.to(torch.float32)  # exact, as the numbers were float32 before
        weights = _torch.arrays(glow.state_dict())
        for index, layer in enumerate(glow.flow.layers):  # the programs do not save it
            if hasattr(layer, "shuffle"):
                weights[f"flow.layers.{index}.shuffle.indices"] = torch.as_tensor(layer.shuffle.indices).numpy()
        yield {
            "variant": variant,
            "form": form or program.form,
            "weights": weights,
            "expected": expected,
            "save": None if form else (lambda path, glow=glow: program.save(glow, path)),
        }


def run(program, glow, batch, shape, classes, seed):
    height, width, channels = shape
    x = _torch.image((batch, channels, height, width), seed)
    label = torch.eye(classes, dtype=torch.double)[torch.arange(batch) % classes] if classes else None
    moments = []
    with program.record(moments):
        top, log_prob = glow.flow(x + program.offset, logdet=torch.zeros(batch, dtype=torch.double))
    mean, logs = program.prior(glow, batch, label)
    log_prob = log_prob + program.log_prob(mean, logs, top)
    moments.append((mean, logs, top))
    z = [(z - mean) / torch.exp(logs) for mean, logs, z in moments]
    others = _torch.near(z, seed + 100)
    with program.sampling(others[-2::-1]):
        decoded = glow.flow.decode(mean + torch.exp(logs) * others[-1])
    return {
        "x": x.numpy(),
        **({} if label is None else {"label": label.numpy()}),
        "log_prob": log_prob.numpy(),
        **_torch.listed("z", z),
        **_torch.listed("decode.z", others),
        "decode.x": (decoded - program.offset).numpy(),
    }


@contextlib.contextmanager
def replaced(owner, name, value):
    original = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)

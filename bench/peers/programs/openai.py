"""github.com/openai/glow, TensorFlow 1. Its saver writes a bundle: <variant>.ckpt.index and <variant>.ckpt.data-…"""

import sys
from types import SimpleNamespace

import numpy
import tensorflow

from . import _tensorflow_shim

VARIANTS = [
    # variant, form, channels, levels, permutation, coupling, learned top, classes
    ("affine-invconv", "ckpt", 1, 2, 2, 1, False, 0),
    ("additive-reverse", "npz", 1, 2, 0, 0, False, 0),
    ("additive-shuffle-top", "npz", 1, 2, 1, 0, True, 0),
    ("affine-invconv-top-rgb", "npz", 3, 1, 2, 1, True, 0),
    ("affine-invconv-classes", "npz", 1, 2, 2, 1, False, 3),
    ("affine-invconv-top-classes", "npz", 1, 2, 2, 1, True, 3),
]


def fixtures(source):
    shim = _tensorflow_shim.install()
    sys.path.insert(0, str(source))
    import model
    import optim

    for seed, (variant, form, channels, levels, permutation, coupling, learntop, classes) in enumerate(VARIANTS):
        hps = SimpleNamespace(
            n_levels=levels, depth=2, width=4, flow_permutation=permutation, flow_coupling=coupling,
            learntop=learntop, ycond=classes > 0, n_y=max(classes, 1),
            train_its=10, polyak_epochs=1, beta1=0.9, weight_decay=1.0,
        )  # fmt: skip
        shape = (2 if classes else 1, 8, 12, channels)
        weights = randomise(build(shim, model, hps, shape, False), seed)
        weights = train(build(shim, model, hps, (8, *shape[1:]), False), optim, hps, weights, seed)
        expected = run(build(shim, model, hps, shape, True), weights, shape, classes, seed)
        save = None
        if form == "ckpt":
            save = lambda path: saved(build(shim, model, hps, shape, False), weights, path)  # noqa: E731
        yield {"variant": variant, "form": form, "weights": weights, "expected": expected, "save": save}


def build(shim, model, hps, shape, double):
    """The graph of a model and its inputs and outputs, in the order of the program's own `f_encode` and `f_decode`."""
    shim.double = double
    graph = tensorflow.Graph()
    v1 = tensorflow.compat.v1
    with graph.as_default(), v1.variable_scope("model"):
        batch, height, width, channels = shape
        x = v1.placeholder(shim.float32, shape)
        label = v1.placeholder(shim.float32, (batch, hps.n_y))
        encoder, decoder = model.codec(hps)
        z, objective, eps = encoder(model.Z.squeeze2d(x, 2), tensorflow.zeros((batch,), shim.float32))
        hps.top_shape = model.Z.int_shape(z)[1:]
        logp, _, top_eps = model.prior("prior", label, hps)
        outputs = [objective + logp(z), *eps, top_eps(z)]
        latents = [v1.placeholder(shim.float32, value.shape) for value in outputs[1:]]
        with v1.variable_scope(v1.get_variable_scope(), reuse=True):
            _, sample, _ = model.prior("prior", label, hps)
            image = model.Z.unsqueeze2d(decoder(sample(eps=latents[-1]), eps=latents[:-1]), 2)
        variables = {variable.op.name: variable for variable in v1.global_variables()}
    return SimpleNamespace(
        graph=graph, x=x, label=label, outputs=outputs, latents=latents, image=image, variables=variables
    )


def randomise(built, seed):
    random = numpy.random.default_rng(seed)
    weights = {}
    for name, variable in sorted(built.variables.items()):
        shape = variable.shape.as_list()
        values = random.standard_normal(shape)
        kind = name.split("/")[-1]
        if kind.startswith("indices"):
            order = numpy.random.default_rng(abs(shape[0])).permutation(shape[0])
            weights[name] = (order if kind == "indices" else numpy.argsort(order)).astype("int32")
        elif name.endswith("invconv/W"):
            weights[name] = (numpy.linalg.qr(values)[0] + 0.1 * random.standard_normal(shape)).astype("float32")
        elif kind == "W":
            weights[name] = (0.4 / numpy.prod(shape[:-1]) ** 0.5 * values).astype("float32")
        else:
            weights[name] = (0.12 * values).astype("float32")
    return weights


def train(built, optim, hps, weights, seed):
    """Ten steps of the program's Adamax at its loss, bits per dimension, on images with a gradient and noise."""
    random = numpy.random.default_rng(seed + 200)
    batch, height, width, channels = built.x.shape.as_list()
    v1 = tensorflow.compat.v1
    with built.graph.as_default():
        parameters = v1.trainable_variables()
        bits = -tensorflow.reduce_mean(built.outputs[0]) / (numpy.log(2) * height * width * channels)
        step, _, _ = optim.adamax(parameters, tensorflow.gradients(bits, parameters), alpha=0.01, hps=hps)
        opened = session(built, weights)
        others = [variable for variable in v1.global_variables() if variable.op.name not in weights]
        opened.run(v1.variables_initializer(others))
        for _ in range(10):
            ramp = numpy.linspace(-0.3, 0.3, width)[:, None]
            x = numpy.clip(ramp + 0.1 * random.standard_normal((batch, height, width, channels)), -0.5, 0.5)
            label = numpy.eye(hps.n_y)[random.integers(0, hps.n_y, batch)]
            loss, _ = opened.run([bits, step], {built.x: x, built.label: label})
            print(f"  {loss:.3f} bits per dimension")
        return {name: opened.run(variable) for name, variable in built.variables.items()}


def session(built, weights):
    opened = tensorflow.compat.v1.Session(graph=built.graph)
    for name, variable in built.variables.items():
        variable.load(weights[name].astype(variable.dtype.as_numpy_dtype), opened)
    return opened


def saved(built, weights, path):
    with built.graph.as_default(), session(built, weights) as opened:
        tensorflow.compat.v1.train.Saver().save(opened, str(path), write_meta_graph=False)
    (path.parent / "checkpoint").unlink()


def run(built, weights, shape, classes, seed):
    random = numpy.random.default_rng(seed)
    x = (random.integers(0, 256, shape) + 0.5) / 256 - 0.5
    label = numpy.eye(max(classes, 1))[numpy.arange(shape[0]) % max(classes, 1)]
    with session(built, weights) as opened:
        log_prob, *z = opened.run(built.outputs, {built.x: x, built.label: label})
        others = [value + 0.1 * random.standard_normal(value.shape) for value in z]
        decoded = opened.run(built.image, {**dict(zip(built.latents, others)), built.label: label})
    return {
        "x": nchw(x),
        **({"label": label} if classes else {}),
        "log_prob": log_prob,
        **{f"z{level}": nchw(value) for level, value in enumerate(z)},
        **{f"decode.z{level}": nchw(value) for level, value in enumerate(others)},
        "decode.x": nchw(decoded),
    }


def nchw(value):
    return numpy.transpose(value, (0, 3, 1, 2))

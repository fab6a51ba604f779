"""What int8 arithmetic in the conditioners would do: round trip, bits/dim and time, beside float32.

    node bench/peers/images.mjs models/pixel-faces/faces.json --count 512 --bits 5 --out images.f32
    python3 bench/peers/int8.py models/pixel-faces --images images.f32 [--seconds 5]

Needs onnx, onnxruntime and numpy. The graphs of the folder are changed: the inputs and kernels of the conditioners'
convolutions get QuantizeLinear and DequantizeLinear, which ONNX Runtime turns into integer convolutions. Scales are the
largest values on the first half of the images (kernels: per output channel); everything is measured on the second half.
"""

import argparse
import copy
import json
import pathlib
import statistics
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("--images", required=True, help="float32 numbers in model units, image after image")
parser.add_argument("--seconds", type=float, default=5)
options = parser.parse_args()
config = json.loads((options.model / "config.json").read_text())
shape = [config["channels"], config["height"], config["width"]]
images = numpy.fromfile(options.images, numpy.float32).reshape(-1, *shape)
calibration, held_out = images[: len(images) // 2], images[len(images) // 2 :]
names = [f"z{level}" for level in range(config["levels"])]


def load(kind):
    return onnx.load(options.model / "onnx" / f"{kind}.onnx")


def conditioners(model, chosen):
    """Convolutions of the conditioners: `conv1`, `conv2`, `conv3` of the couplings, by the name of their weight."""
    return [
        node
        for node in model.graph.node
        if node.op_type in ("Conv", "ConvTranspose") and any(f".coupling.{one}.weight" in node.input[1] for one in chosen)
    ]


def session(model, threads=1):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(model.SerializeToString(), settings, ["CPUExecutionProvider"])


def largest_inputs(model, chosen):
    """The largest value of each conditioner's input over the calibration images, by the name of its weight."""
    probe = copy.deepcopy(model)
    nodes = conditioners(probe, chosen)
    known = {output.name for output in probe.graph.output}
    for name in {node.input[0] for node in nodes} - known:
        probe.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    run = session(probe)
    wanted = sorted({node.input[0] for node in nodes})
    found = dict(zip(wanted, run.run(wanted, {"x": calibration})))
    return {node.input[1]: (float(found[node.input[0]].min()), float(found[node.input[0]].max())) for node in nodes}


def quantized(model, chosen, ranges):
    """The model with integer conditioners: uint8 inputs with the same scales in encode and decode, int8 kernels."""
    result = copy.deepcopy(model)
    weights = {tensor.name: tensor for tensor in result.graph.initializer}
    nodes, done = [], {}

    def quantize(name, scale, zero, axis=None):
        scale_name, zero_name = f"{name}/scale", f"{name}/zero"
        result.graph.initializer.extend([numpy_helper.from_array(scale, scale_name), numpy_helper.from_array(zero, zero_name)])
        attributes = {} if axis is None else {"axis": axis}
        for operator, source, target in (
            ("QuantizeLinear", name, f"{name}/q"),
            ("DequantizeLinear", f"{name}/q", f"{name}/dq"),
        ):
            nodes.append(helper.make_node(operator, [source, scale_name, zero_name], [target], **attributes))
        return f"{name}/dq"

    targets = {node.output[0] for node in conditioners(result, chosen)}
    for node in list(result.graph.node):
        if node.output[0] in targets:
            key = node.input[1]
            low, high = min(ranges[key][0], 0), max(ranges[key][1], 0)
            scale = numpy.float32((high - low) / 255 or 1)
            if node.input[0] not in done:
                zero = numpy.uint8(round(-low / scale))
                done[node.input[0]] = quantize(node.input[0], numpy.array(scale), numpy.array(zero))
            node.input[0] = done[node.input[0]]
            if key not in done:
                kernel = numpy_helper.to_array(weights[key])
                axis = 0 if node.op_type == "Conv" else 1
                others = tuple(i for i in range(4) if i != axis)
                scales = numpy.maximum(numpy.abs(kernel).max(axis=others), 1e-8).astype(numpy.float32) / 127
                done[key] = quantize(key, scales, numpy.zeros(len(scales), numpy.int8), axis)
            node.input[1] = done[key]
        nodes.append(node)
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    for opset in result.opset_import:
        opset.version = max(opset.version, 13)
    return result


def measure(encode, decode):
    *latents, log_prob = encode.run([*names, "log_prob"], {"x": held_out})
    (back,) = decode.run(["x"], dict(zip(names, latents)))
    bins = 2 ** config["bits"]
    changed = numpy.floor((held_out + 0.5) * bins) != numpy.floor((back + 0.5) * bins)
    return {
        "largest error": float(numpy.abs(held_out - back).max()),
        "values changed": int(changed.sum()),
        "images changed": int(changed.any(axis=(1, 2, 3)).sum()),
        "nats/image": float(log_prob.mean()),
    }


def times(runs):
    """Medians of seconds of the runs, in turns."""
    found = [[] for _ in runs]
    end = time.perf_counter() + options.seconds
    while len(found[0]) < 3 or time.perf_counter() < end:
        for i, run in enumerate(runs):
            start = time.process_time()
            run()
            found[i].append(time.process_time() - start)
    return [statistics.median(one) for one in found]


plain = {kind: load(kind) for kind in ("encode", "decode")}
floats = {kind: session(model) for kind, model in plain.items()}
print(f"onnxruntime {onnxruntime.__version__}; {len(held_out)} images of {options.images}")
print("float32", json.dumps(measure(floats["encode"], floats["decode"])))
for chosen in (["conv2"], ["conv1", "conv2", "conv3"]):
    ranges = largest_inputs(plain["encode"], chosen)
    integers = {kind: session(quantized(model, chosen, ranges)) for kind, model in plain.items()}
    found = measure(integers["encode"], integers["decode"])
    batch = {"x": held_out[:16]}
    base, small = times([lambda one=one: one.run(None, batch) for one in (floats["encode"], integers["encode"])])
    print("int8", "+".join(chosen), json.dumps(found), f"encode takes {small / base:.2f} of the time")

"""Writes the small files of weights that the tests read: python3 containers.py torch|tensorflow DIR

`torch` needs torch and numpy, `tensorflow` needs tensorflow. All files hold the tensors of `numbers`, so that one
expectation serves them all. The hostile files are made in the tests.
"""

import argparse
import collections
import pathlib
import sys


def numbers(shape, start=0):
    import numpy

    size = int(numpy.prod(shape))
    return (numpy.arange(start, start + size, dtype=numpy.float64) / 8 - 1).reshape(shape)


def write_torch(folder):
    import numpy
    import torch

    def tensor(shape, dtype, start=0):
        return torch.tensor(numbers(shape, start)).to(dtype)

    shared = tensor((4, 6), torch.float32)
    tensors = {
        "double": tensor((2, 3), torch.float64),
        "float": shared,
        "part": shared[1:3, 2:5],
        "transposed": shared.t(),
        "half": tensor((3,), torch.float16),
        "bfloat": tensor((3,), torch.bfloat16),
        "long": torch.tensor([1, -2, 2**40]),
        "int": torch.tensor([1, -2], dtype=torch.int32),
        "byte": torch.tensor([0, 255], dtype=torch.uint8),
        "flag": torch.tensor(True),
        "scalar": torch.tensor(0.5),
        "empty": torch.zeros(0, 3),
        "channels_last": tensor((1, 2, 2, 3), torch.float32).to(memory_format=torch.channels_last),
        "parameter": torch.nn.Parameter(tensor((2,), torch.float32)),
    }
    torch.save(tensors, folder / "torch-zip.pt")
    torch.save(tensors, folder / "torch-legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(tensors, folder / "torch-protocol4.pt", pickle_protocol=4)

    module = torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(2, 2, 1), act=torch.nn.ReLU()))
    with torch.no_grad():
        module.conv.weight.copy_(tensor((2, 2, 1, 1), torch.float32))
        module.conv.bias.copy_(tensor((2,), torch.float32))
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2, 1, 1)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        module.conv.weight.copy_(tensor((2, 2, 1, 1), torch.float32))
        module.conv.bias.copy_(tensor((2,), torch.float32))
    checkpoint = {
        "state_dict": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "args": argparse.Namespace(lr=1e-3, out=pathlib.PurePosixPath("runs"), device=torch.device("cpu")),
        "best": numpy.float64(1.5),
        "metrics": collections.defaultdict(list, loss=[1.0, 0.5]),
        "epoch": 3,
        "whole": module,
    }
    torch.save(checkpoint, folder / "torch-checkpoint.ckpt")

    arrays = {"float": numbers((4, 6)).astype("f4"), "column_major": numpy.asfortranarray(numbers((2, 3)))}
    arrays |= {"half": numbers((3,)).astype("f2"), "int": numpy.array([1, -2]), "model/scalar": numpy.float32(0.5)}
    numpy.savez(folder / "numpy.npz", **arrays)
    numpy.savez_compressed(folder / "numpy-compressed.npz", **arrays)


def write_tensorflow(folder):
    import tensorflow as tf

    v1 = tf.compat.v1
    v1.disable_eager_execution()
    for name, value in {
        "model/0/actnorm/b": numbers((1, 1, 1, 4)).astype("f4"),
        "model/0/actnorm/b/ExponentialMovingAverage": numbers((1, 1, 1, 4), 4).astype("f4"),
        "model/0/invconv/W": numbers((4, 4)),
        "global_step": 7,
        "name": "text",
    }.items():
        v1.get_variable(name, initializer=v1.constant(value))
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "tensorflow"), write_meta_graph=False, write_state=False)


if __name__ == "__main__":
    {"torch": write_torch, "tensorflow": write_tensorflow}[sys.argv[1]](pathlib.Path(sys.argv[2]))

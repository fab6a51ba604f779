"""What a program of TensorFlow 1 imports, on top of TensorFlow 2: `tensorflow`, `tensorflow.contrib`, `horovod`.

`install()` before the program is imported. With `double`, everything that the program declares in float32 is float64.
"""

import contextlib
import sys
from types import ModuleType

import numpy
import tensorflow


class Shim(ModuleType):
    """tf.compat.v1, without data-dependent initialisation (`arg_scope` changes nothing)."""

    double = False

    def __getattr__(self, name):
        return getattr(tensorflow.compat.v1, name)

    @property
    def float32(self):
        return self.dtype("float32")

    def dtype(self, dtype):
        given = tensorflow.as_dtype(dtype)
        return tensorflow.float64 if self.double and given == tensorflow.float32 else given

    def cast(self, x, dtype):
        return tensorflow.cast(x, self.dtype(dtype))

    def zeros(self, shape, dtype="float32"):
        return tensorflow.zeros(shape, self.dtype(dtype))

    def random_normal(self, shape, *arguments):
        return tensorflow.compat.v1.random_normal(shape, *arguments, dtype=self.float32)

    def convert_to_tensor(self, value):
        return tensorflow.convert_to_tensor(value, self.dtype(value.dtype.name))

    def get_variable(self, name, shape=None, dtype=None, initializer=None, **choices):
        dtype = self.dtype(dtype or (initializer.dtype if isinstance(initializer, numpy.ndarray) else "float32"))
        if isinstance(initializer, numpy.ndarray):
            initializer = initializer.astype(dtype.as_numpy_dtype)
        return tensorflow.compat.v1.get_variable(name, shape, dtype, initializer, **choices)


def install():
    tensorflow.compat.v1.disable_v2_behavior()
    shim = Shim("tensorflow")
    unchanged = lambda function: function  # noqa: E731
    scope = lambda *_, **__: contextlib.nullcontext()  # noqa: E731
    modules = {
        "tensorflow": shim,
        "tensorflow.contrib": {},
        "tensorflow.contrib.framework": {},
        "tensorflow.contrib.framework.python": {},
        "tensorflow.contrib.framework.python.ops": {"add_arg_scope": unchanged, "arg_scope": scope},
        "tensorflow.contrib.layers": {"variance_scaling_initializer": None},
        "horovod": {},
        "horovod.tensorflow": {"rank": lambda: 1, "size": lambda: 1},
    }
    for name, contents in modules.items():
        module = contents
        if isinstance(contents, dict):
            module = ModuleType(name)
            module.__dict__.update(contents)
        module.__path__ = []
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    return shim

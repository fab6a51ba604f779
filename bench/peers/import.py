"""Runs Glow programs of others, for the tests of imports: weights in the program's own file form, beside what the
program computes from them in float64.

    git clone https://github.com/rosinality/glow-pytorch
    python3 bench/peers/import.py --source glow-pytorch --program rosinality --out test/support/imports

Needs numpy and torch (openai: tensorflow). `--source` is a clone, or the folder of an installed package. The tests read
only the files. For each variant of a program there are `<variant>.<form of the weights>` and
`<variant>.expected.safetensors`, all float64:

    x, label            an image, in the units of our graphs (bin centres, −1/2 … 1/2); a one-hot label
    log_prob, z<level>  log p(x) in nats; latents from the finest level, standardised (z − mean)/sd
    decode.z<level>     other standardised latents, not far away
    decode.x            the image that the program makes of them

The weights are random, of a size at which every part of the model matters, or what a few steps of training make of them,
and rounded to float32.
"""

import argparse
import importlib
import json
import pathlib
import sys

import numpy

DTYPES = {"float64": "F64", "float32": "F32", "int64": "I64", "int32": "I32", "uint8": "U8"}
HERE = pathlib.Path(__file__).parent


def write_safetensors(path, tensors):
    """`tensors`: arrays by name. Wider numbers come first, so that all are aligned."""
    header, chunks, offset = {}, [], 0
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        data = numpy.ascontiguousarray(value).tobytes()
        header[name] = {
            "dtype": DTYPES[value.dtype.name],
            "shape": list(value.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(chunks))


def write_npz(path, tensors):
    numpy.savez_compressed(path, **tensors)


FORMS = {"safetensors": write_safetensors, "npz": write_npz}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="clone of the program, or folder of the package")
    parser.add_argument(
        "--program", required=True, choices=sorted(path.stem for path in (HERE / "programs").glob("[a-z]*.py"))
    )
    parser.add_argument("--out", required=True, help="folder that gets a folder of the program's name")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    program = importlib.import_module(f"programs.{options.program}")
    out = pathlib.Path(options.out) / options.program
    out.mkdir(parents=True, exist_ok=True)
    for fixture in program.fixtures(pathlib.Path(options.source).resolve()):
        save = fixture.get("save")
        form = fixture["form"]
        path = out / f"{fixture['variant']}.{form}"
        if save:
            save(path)
        else:
            FORMS[form](path, fixture["weights"])
        expected = {name: numpy.asarray(value, "float64") for name, value in fixture["expected"].items()}
        largest = max(numpy.abs(value).max() for name, value in expected.items() if name != "log_prob")
        if not largest < 100:
            sys.exit(f"{fixture['variant']}: the largest number is {largest}; choose milder weights")
        write_safetensors(out / f"{fixture['variant']}.expected.safetensors", expected)
        print(f"{fixture['variant']}.{form}: log p(x) = {expected['log_prob']}")


if __name__ == "__main__":
    main()

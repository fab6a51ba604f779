"""New pictures: python sample.py MODEL OUT --count 10000. Writes zip files of PNGs; a seed gives the same ones again."""

import os
import zipfile

import numpy as np

from glow_folder import GlowFolder
from job import arguments, run


class Sample:
    def __init__(self, model, seed, temperature):
        self.glow = GlowFolder(model, "decode")
        self.seed, self.temperature = seed, temperature

    def __call__(self, numbers, path):
        shapes = self.glow.latent_shapes()
        # Each picture has a random stream of its own, so that the shard it is in changes nothing.
        streams = [np.random.default_rng([self.seed, number]) for number in numbers]
        z = {
            f"z{level}": np.stack([s.standard_normal(shape, np.float32) for s in streams])
            for level, shape in enumerate(shapes)
        }
        x = self.glow.run({name: np.float32(self.temperature) * values for name, values in z.items()})["x"]
        with zipfile.ZipFile(path, "w") as archive:
            for number, each in zip(numbers, x):
                with archive.open(f"{number:08d}.png", "w") as file:
                    self.glow.image(each).save(file, "png")


if __name__ == "__main__":
    args = arguments(
        __doc__,
        count={"type": int, "default": 1000},
        seed={"type": int, "default": 0},
        temperature={"type": float, "default": 0.7},
    )
    setup = (os.path.abspath(args.model), args.seed, args.temperature)
    files = run(Sample, setup, list(range(args.count)), args, ".zip")
    print(f"{args.count} pictures in {len(files)} files")

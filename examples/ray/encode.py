"""Latents of each picture of a folder: python encode.py MODEL PICTURES OUT. Writes safetensors: z0 …, log_prob."""

import json
import os

from safetensors import safe_open
from safetensors.numpy import save_file

from glow_folder import GlowFolder
from job import arguments, pictures_in, run


class Encode:
    def __init__(self, model, pictures):
        self.glow = GlowFolder(model, "encode")
        self.pictures = pictures

    def __call__(self, images, path):
        x, places, errors = self.glow.load([os.path.join(self.pictures, image) for image in images])
        outputs = self.glow.run({"x": x}) if places else {}
        outputs.pop("log_prob_levels", None)
        # Row i of each tensor belongs to names[i].
        names = [images[place] for place in places]
        bad = {images[place]: error for place, error in errors.items()}
        save_file(outputs, path, {"names": json.dumps(names), "bad": json.dumps(bad)})


if __name__ == "__main__":
    args = arguments(__doc__, "pictures")
    setup = (os.path.abspath(args.model), os.path.abspath(args.pictures))
    encoded, bad = 0, {}
    for file in run(Encode, setup, pictures_in(args.pictures), args, ".safetensors"):
        with safe_open(file, "numpy") as part:
            encoded += len(json.loads(part.metadata()["names"]))
            bad |= json.loads(part.metadata()["bad"])
    for image, error in list(bad.items())[:20]:
        print(f"bad: {image}: {error}")
    print(f"{encoded} pictures encoded, {len(bad)} bad")

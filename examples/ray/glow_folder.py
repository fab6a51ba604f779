"""A model folder in Python: pixels to x by manifest.preprocessing, graphs by onnxruntime, and whole files."""

import json
import os
import secrets
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image


class GlowFolder:
    """Runs the graph `encode` or `decode` of a model folder on one thread, because an actor has one core."""

    def __init__(self, folder, graph):
        manifest = json.loads(Path(folder, "manifest.json").read_text())
        self.rules = manifest["preprocessing"]
        self.latents = manifest["latents"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")  # where numbers are tiny, much faster
        path = Path(folder, manifest["variants"]["fp32"][graph])
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, inputs):
        """The outputs by name."""
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, inputs)))

    def latent_shapes(self):
        """channels × height × width of z0, z1 … of one picture."""
        height, width = self.rules["height"], self.rules["width"]
        return [(z["channels"], height // z["downscale"], width // z["downscale"]) for z in self.latents]

    def pixels(self, path):
        """The bytes of a picture, height × width × channels. ValueError if the model cannot take it as it is."""
        rules = self.rules
        with Image.open(path) as image:
            if image.has_transparency_data:
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image.convert("RGBA"))
            pixels = np.asarray(image.convert({"rgb": "RGB", "grey": "L"}[rules["colour"]]))
        if pixels.shape[:2] != (rules["height"], rules["width"]):
            wanted = f"{rules['height']}×{rules['width']}"
            raise ValueError(f"the picture has {pixels.shape[0]}×{pixels.shape[1]} pixels, the model {wanted}; resize it")
        return pixels.reshape(*pixels.shape[:2], rules["channels"])

    def x(self, pixels):
        """Model units: the centre of each bin. N × height × width × channels → N × channels × height × width."""
        bits = self.rules["bits"]
        x = ((pixels >> (8 - bits)).astype(np.float32) + np.float32(0.5)) / 2**bits - np.float32(0.5)
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))

    def image(self, x):
        """The picture of one x, channels × height × width."""
        bits = self.rules["bits"]
        bins = np.clip(np.floor((x.transpose(1, 2, 0) + 0.5) * 2**bits), 0, 2**bits - 1)
        pixels = np.round(bins * 255 / (2**bits - 1)).astype(np.uint8)
        return Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])

    def load(self, paths):
        """x of those that can be read, their places, and the errors of the others by their places."""
        pixels, places, errors = [], [], {}
        for place, path in enumerate(paths):
            try:
                pixels.append(self.pixels(path))
                places.append(place)
            except Exception as error:  # whatever a damaged file makes of the decoder
                errors[place] = str(error) or type(error).__name__
        return (self.x(np.stack(pixels)) if pixels else None), places, errors


def whole(path, write):
    """Writes a file under another name first, so that it is whole when it has its own."""
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)

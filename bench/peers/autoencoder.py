"""A plain autoencoder learns good tiles, for bench/defects.mjs, and says where it cannot repeat a picture.

    python3 bench/peers/autoencoder.py TILES.json PICTURES.json MAPS --parameters 250000 --images 38000

Convolutions of 4×4 with stride 2, three down and three up, with sixteen numbers for each 8×8 pixels between; mean squared
error, Adam with a cosine schedule. MAPS gets the squared error of each pixel of each picture, summed over colours, as
float32.
"""

import argparse
import json
import pathlib
import time

import numpy
import torch
from PIL import Image
from torch import nn

Image.MAX_IMAGE_PIXELS = None
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("tiles", type=pathlib.Path)
parser.add_argument("pictures", type=pathlib.Path)
parser.add_argument("maps", type=pathlib.Path)
parser.add_argument("--parameters", type=int, required=True)
parser.add_argument("--images", type=int, required=True, help="tiles seen in training, all passes together")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--rate", type=float, default=1e-3)
options = parser.parse_args()
torch.manual_seed(1)
torch.set_num_threads(1)


def read_sheet(path):
    """The pictures of a sheet (docs/format.md): [N, 3, H, W], 0 to 1."""
    sheet = json.loads(path.read_text())
    width, height = sheet["tile"]["width"], sheet["tile"]["height"]
    pixels = numpy.asarray(Image.open(path.parent / sheet["image"]).convert("RGB"))
    rows = pixels.reshape(-1, height, sheet["columns"], width, 3).transpose(0, 2, 4, 1, 3)
    return torch.from_numpy(rows.reshape(-1, 3, height, width)[: sheet["count"]].copy())


def autoencoder(width):
    widths = [3, width, 2 * width, 4 * width]
    down = [part for a, b in zip(widths, widths[1:]) for part in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())]
    up = [
        part
        for b, a in list(zip(widths, widths[1:]))[::-1]
        for part in (nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ReLU())
    ]
    return nn.Sequential(*down, nn.Conv2d(4 * width, 16, 1), nn.Conv2d(16, 4 * width, 1), nn.ReLU(), *up[:-1])


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


model = autoencoder(min(range(4, 129), key=lambda width: abs(size(autoencoder(width)) - options.parameters)))
tiles = read_sheet(options.tiles)
steps = options.images // options.batch
adam = torch.optim.Adam(model.parameters(), lr=options.rate)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
started = time.process_time()
for step in range(steps):
    batch = tiles[torch.randint(len(tiles), (options.batch,))] / 255
    loss = (model(batch) - batch).square().mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
    schedule.step()
seconds = time.process_time() - started

with torch.no_grad():
    parts = [part / 255 for part in read_sheet(options.pictures).split(64)]
    maps = torch.cat([(model(part) - part).square().sum(1) for part in parts])
partial = options.maps.with_name(options.maps.name + ".part")
maps.numpy().astype("<f4").tofile(partial)
partial.rename(options.maps)
print(json.dumps({"parameters": size(model), "loss": loss.item(), "seconds": seconds, "version": torch.__version__}))

"""Plain denoising of pictures, for bench/restoration.mjs: one JSON request a line in, one JSON answer a line out.

    pip install -r bench/peers/restoration.txt

BM3D's licence allows only non-commercial use: it is compared with here, and no package may depend on it.
"""

import json
import sys
import time

import numpy
from bm3d import bm3d, bm3d_rgb
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

# What served other pictures of each kind best (16 faces, 8 clothes), in units of sigma.
WEIGHTS = {"faces": 0.3, "clothes": 0.5}
STRENGTHS = {"faces": 1.0, "clothes": 1.2}


def total_variation(x, sigma, kind, weight=None):
    return denoise_tv_chambolle(x, weight=(weight or WEIGHTS[kind]) * sigma, channel_axis=2)


def non_local_means(x, sigma, kind, strength=None):
    grey = x.shape[2] == 1
    options = {"patch_size": 3, "patch_distance": 7, "fast_mode": False, "channel_axis": None if grey else 2}
    y = denoise_nl_means(
        x[:, :, 0] if grey else x, h=(strength or STRENGTHS[kind]) * sigma, sigma=sigma, **options
    )
    return y.reshape(x.shape)


def block_matching(x, sigma, kind):
    y = bm3d_rgb(x, sigma) if x.shape[2] == 3 else bm3d(x[:, :, 0], sigma)
    return y.reshape(x.shape)


METHODS = {"total variation": total_variation, "non-local means": non_local_means, "BM3D": block_matching}

if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        shape = (request["height"], request["width"], request["channels"])
        x = numpy.array(request["data"], numpy.float64).reshape(shape) / 255
        answer = {}
        for name, method in METHODS.items():
            start = time.process_time()
            y = method(x, request["sigma"], request["kind"])
            data = numpy.clip(numpy.rint(255 * y), 0, 255).astype(int).ravel().tolist()
            answer[name] = {"data": data, "seconds": time.process_time() - start}
        print(json.dumps(answer), flush=True)

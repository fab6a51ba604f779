"""log p of each picture of a folder: python score.py MODEL PICTURES OUT. Writes Parquet: image, log_prob, error."""

import os

import pyarrow as pa
import pyarrow.parquet as pq

from glow_folder import GlowFolder
from job import arguments, pictures_in, run

COLUMNS = pa.schema([("image", pa.string()), ("log_prob", pa.float32()), ("error", pa.string())])


class Score:
    def __init__(self, model, pictures):
        self.glow = GlowFolder(model, "encode")
        self.pictures = pictures

    def __call__(self, images, path):
        x, places, errors = self.glow.load([os.path.join(self.pictures, image) for image in images])
        log_prob = dict(zip(places, self.glow.run({"x": x})["log_prob"])) if places else {}
        rows = [
            {"image": image, "log_prob": log_prob.get(i), "error": errors.get(i)} for i, image in enumerate(images)
        ]
        pq.write_table(pa.Table.from_pylist(rows, COLUMNS), path)


if __name__ == "__main__":
    args = arguments(__doc__, "pictures")
    setup = (os.path.abspath(args.model), os.path.abspath(args.pictures))
    files = run(Score, setup, pictures_in(args.pictures), args, ".parquet")
    table = pa.concat_tables(pq.read_table(file) for file in files)
    bad = table.filter(pa.compute.is_valid(table["error"])).to_pylist()
    for row in bad[:20]:
        print(f"bad: {row['image']}: {row['error']}")
    print(f"{table.num_rows} pictures, {len(bad)} bad")

"""A job of shards on Ray: each shard becomes one file. A job that was stopped goes on with the files that are missing."""

import argparse
import hashlib
import json
import logging
import os
import time
from pathlib import Path

import ray

from glow_folder import whole


def arguments(description, *positional, **options):
    parser = argparse.ArgumentParser(description=description)
    for name in ("model", *positional, "out"):
        parser.add_argument(name)
    parser.add_argument("--shard-size", type=int, default=256, help="pictures of one file")
    parser.add_argument("--actors", type=int, help="default: one for each core of the cluster")
    for name, settings in options.items():
        parser.add_argument(f"--{name}", **settings)
    return parser.parse_args()


def pictures_in(folder):
    """The pictures in a folder and its subfolders, by their paths in it."""
    suffixes = {".png", ".jpg", ".jpeg", ".webp"}
    found = [path for path in Path(folder).rglob("*") if path.suffix.lower() in suffixes]
    if not found:
        raise SystemExit(f"{folder} has no PNG, JPEG or WebP files")
    return sorted(path.relative_to(folder).as_posix() for path in found)


def run(work, setup, items, args, suffix):
    """
    Calls `work(*setup)` once in each actor, and its result with the items and the file of each shard.
    Prints the progress; returns the files in order.
    """
    out = Path(args.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    shards = [items[i : i + args.shard_size] for i in range(0, len(items), args.shard_size)]
    check_same_job(out, shards, args)
    files = [out / f"part-{i:06d}{suffix}" for i in range(len(shards))]
    todo = [{"file": str(file), "items": shard} for file, shard in zip(files, shards) if not file.exists()]
    done = len(files) - len(todo)
    print(f"{len(items)} in {len(files)} shards, of which {done} are done", flush=True)
    if not todo:
        return files
    ray.init(include_dashboard=False, logging_level="error", runtime_env={"env_vars": {"PYTHONPATH": here()}})
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    actors = min(args.actors or int(ray.cluster_resources()["CPU"]), len(todo))

    class Actor:
        def __init__(self):
            self.work = work(*setup)

        def __call__(self, batch):
            for file, shard in zip(batch["file"], batch["items"]):
                whole(file, lambda path: self.work(list(shard), path))
            return {"file": batch["file"]}

    # An actor with a whole core leaves none for the tasks that feed it: the job would wait for ever.
    how = {"batch_size": 1, "num_cpus": 0.5, "compute": ray.data.ActorPoolStrategy(size=actors)}
    ray.data.DataContext.get_current().enable_progress_bars = False
    dataset = ray.data.from_items(todo, override_num_blocks=len(todo)).map_batches(Actor, **how)
    shown = time.monotonic()
    for _ in dataset.iter_rows():
        done += 1
        if time.monotonic() - shown > 5 or done == len(files):
            print(f"{done} of {len(files)} shards", flush=True)
            shown = time.monotonic()
    return files


def check_same_job(out, shards, args):
    """Parts of another job must not be taken for parts of this one."""
    manifest = json.loads(Path(args.model, "manifest.json").read_text())
    places = {"model", "pictures", "out", "actors"}
    settings = {name: value for name, value in vars(args).items() if name not in places}
    shards = hashlib.sha256(json.dumps(shards).encode()).hexdigest()
    facts = {"model": manifest["checksum"], "shards": shards, **settings}
    path = out / "job.json"
    if path.exists() and json.loads(path.read_text()) != facts:
        raise SystemExit(f"{out} has parts of another model, other pictures or other settings; pass another folder")
    whole(path, lambda temporary: Path(temporary).write_text(json.dumps(facts)))


def here():
    """The folder of these programs, in which the actors find glow_folder."""
    return os.path.dirname(os.path.abspath(__file__))

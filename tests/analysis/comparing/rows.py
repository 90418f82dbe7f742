"""Runs to compare, made by hand."""

from dataclasses import replace
from pathlib import Path

from tests.analysis.made import made_run


def values(metric="ratio/max", point=0, **by_seed):
    """One update a seed, s0=1.0, s1=…, with a metric's value."""
    for seed, value in by_seed.items():
        yield {"point": point, "seed": int(seed[1:]), "rollout": 0, "update": 1, "update/norm": 1.0, metric: value}


def made(rows, labels=("adam", "lion"), name="made", directory=None, **more):
    """A run of some optimizers, in a directory of its own."""
    run = made_run([*rows], points=[{"optimizer": label} for label in labels], **more)
    run.manifest["name"] = name
    moved = replace(run, directory=Path(directory or name))
    moved.__dict__.update(updates=run.__dict__["updates"], ratios=None)
    return moved

"""Runs made by hand: frames and a manifest without a simulation, so that every number is known."""

from pathlib import Path

import pandas as pd

from analysis.run.run import Run
from tests.tabulated import tabulated

READINGS = {
    "ratio/max": "end",
    "return/exact": "final",
    "clip/active": "mean",
    "grad/norm": "mean",
    "update/norm": "mean",
    "update/displacement": "final",
    "prefix/weight": "mean",
    "diverged": "final",
    "drift/excess_mean": "end",
    "drift/excess_max": "end",
    "twin/drift/excess_mean": "end",
    "twin/drift/excess_max": "end",
    "drift/crossing": "sum",
    "drift/coasted": "sum",
    "drift/earlier": "sum",
    "drift/coupled": "sum",
    "drift/decayed": "sum",
    "drift/curved": "sum",
    "drift/coasting": "mean",
    "drift/over_twin": "end",
}
ADAM = {
    "name": "adam", "learning_rate": 0.01, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "eps_root": 0.0, "nesterov": False,
    "state": "keep",
}  # fmt: skip


def made_run(updates=None, ratios=None, points=({},), claims=(), headline="ratio/max", columns=(), **experiment) -> Run:
    """A run whose tables are given; `points` are the swept values, `experiment` what all points share.

    A point's own `experiment` replaces what it names of that; its `found` is what was worked out before the run.
    """
    shared = {
        "environment": {"kind": "bandit", "rewards": [[1.0, 0.0, 0.0, 0.0]]},
        "policy": {"kind": "tabular", "start": "zeros", "bias": None, "initial_logits": None},
        "optimizer": ADAM,
        "training": {"num_rollouts": 1, "epochs": 1, "minibatches": 1, "group_size": 4, "precision": "float64"},
        "surrogate": {
            "advantage": {"kind": "group_mean"},
            "gate": {"kind": "clip", "clip_low": 0.2, "clip_high": 0.2},
            "reduction": {"kind": "sequence_mean"},
        },
    } | experiment
    heading = {
        "title": "A title",
        "question": "A question?",
        "source": "",
        "headline": headline,
        "columns": list(columns),
    }
    manifest = {
        "schema_version": 2,
        "name": "made",
        "hash": "00000000",
        "heading": {**heading, "claim": [full_claim(claim) for claim in claims]},
        "scenario": {"title": "A title"},
        "points": tabulated([{**point, "experiment": shared | point.get("experiment", {})} for point in points]),
        "plan": {"points": len(points), "seeds": 1, "first_seed": 0, "updates": 1, "structures": [{}]},
        "metrics": {
            name: {"name": name, "definition": f"what {name} is", "when": "after", "reading": reading}
            for name, reading in READINGS.items()
        },
        "versions": {"python": "3"},
        "command": "ratiodrift run made",
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0,
    }
    run = Run(directory=Path("made"), manifest=manifest)
    if updates is not None:
        run.__dict__["updates"] = with_swept(updates, points, run)
    run.__dict__["ratios"] = None if ratios is None else with_swept(ratios, points, run)
    return run


def with_swept(rows, points, run) -> pd.DataFrame:
    """Rows as a frame, with the swept values and the label of each row's point."""
    frame = pd.DataFrame(rows)
    swept = pd.DataFrame([{key: point.get(key) for key in run.swept} for point in points]).assign(label=run.labels)
    return frame.join(swept, on="point")


def full_claim(claim: dict) -> dict:
    """A claim with the defaults that a scenario file may leave out."""
    sentence = {"says": "It is so", "source": ""}
    return sentence | {"relation": "equal", "where": {}, "against": {}, "tolerance": 0.0, "fit": None} | claim

"""Runs to explain, made by hand: any metric, with the reading that the simulator declares."""

from collections.abc import Iterable

from analysis.explaining import explanations
from analysis.summary import summarize
from tests.analysis.made import made_run

END = ("ratio/max", "ratio/min", "ratio/ess", "kl/behavior_exact", "drift/excess_mean", "drift/excess_max")
END += ("twin/drift/excess_max", "drift/over_twin")
FINAL = ("return/exact", "update/displacement", "entropy", "diverged", "task/a/return", "task/b/return")
SUM = ("drift/crossing", "drift/silent", "drift/coasted", "drift/coupled", "drift/decayed", "drift/curved")
KEYS = ("point", "seed", "rollout", "update")
READING = dict.fromkeys(END, "end") | dict.fromkeys(FINAL, "final") | dict.fromkeys(SUM, "sum")


def run_of(rows, points=({},), ratios=None, headline="ratio/max", training=None, **experiment):
    """A run whose metrics are the columns of its rows."""
    rows = [dict.fromkeys(KEYS, 0) | {"update": 1} | row for row in rows]
    shared = {"num_rollouts": 1, "epochs": 1, "minibatches": 1, "group_size": 4, "precision": "float64"}
    made = made_run(
        rows, ratios=ratios, points=points, headline=headline, training=shared | (training or {}), **experiment
    )
    names = [name for name in dict.fromkeys(key for row in rows for key in row) if name not in KEYS]
    made.manifest["metrics"] = {
        name: {"name": name, "definition": f"what {name} is", "when": "after", "reading": READING.get(name, "mean")}
        for name in names
    }
    made.__dict__["summary"] = summarize(made)
    return made


def told(rule: str, rows: Iterable[dict], **more):
    """What one rule says of such a run."""
    return [each for each in explanations(run_of([*rows], **more), most=None) if each.rule == rule]


def seeds(row: dict, *values: dict):
    """The row once per seed, each with values of its own."""
    return [row | {"seed": seed} | own for seed, own in enumerate(values)]


SURROGATE = {
    "advantage": {"kind": "group_mean"},
    "gate": {"kind": "clip", "clip_low": 0.2, "clip_high": 0.2},
    "reduction": {"kind": "sequence_mean"},
    "level": {"kind": "token"},
    "kl": None,
    "entropy": None,
}

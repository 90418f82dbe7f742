"""Rows of hand-made tables, and small runs of them."""

import numpy as np

from analysis.summary import summarize


def token(update, completion, advantage, ratio, point=0, prompt=0):
    row = {"point": point, "seed": 0, "rollout": 0, "update": update, "prompt": prompt, "completion": completion}
    return row | {"position": 0, "token": 1, "advantage": advantage, "log_ratio": np.log(ratio)}


def update(number, grad, size=1.0, point=0, ratio=1.0):
    row = {"point": point, "seed": 0, "rollout": 0, "update": number, "ratio/max": ratio}
    return row | {"grad/norm": grad, "update/norm": size, "diverged": 0.0}


RATIOS = [
    token(1, 0, 1.0, 1.1), token(1, 1, 1.0, 1.3), token(1, 2, -1.0, 0.9),
    token(2, 0, 1.0, 1.2), token(2, 1, 1.0, 1.6), token(2, 2, -1.0, 0.7),
]  # fmt: skip
UPDATES = [update(1, 1.0, 2.0, ratio=1.3), update(2, 0.0, 1.0, ratio=1.6)]


def with_summary(run):
    run.__dict__["summary"] = summarize(run)
    return run


def parts(point=0, rollout=0, **sizes):
    """The last of two updates of a rollout, and half of each cause in the one before."""
    causes = {f"drift/{name}": size / 2 for name, size in sizes.items()}
    for number, excess in ((1, 9.0), (2, sum(sizes.values()) - sizes.get("earlier", 0.0))):
        row = update(number, 1.0, point=point) | causes | {"rollout": rollout}
        yield row | {"drift/excess_mean": excess, "twin/drift/excess_mean": 0.05 + 0.1 * point}


CAUSED = [
    # the coasting part, 0.3, was a third from earlier rollouts
    *parts(point=0, crossing=0.1, coupled=0.05, coasted=0.3, earlier=0.1, decayed=-0.02, curved=0.01),
    *parts(point=1, rollout=0, crossing=0.2, coupled=0.4, coasted=0.0, decayed=0.0, curved=0.0),
    *parts(point=1, rollout=1, crossing=0.0, coupled=0.2, coasted=0.0, decayed=0.0, curved=0.0),
]
ADAM_AND_SGD = [{"optimizer": "adam"}, {"optimizer": "sgd"}]


def known(run, **readings):
    """The run with more metrics in its manifest: name, with '__' for '/', and what stands for a run."""
    for name, reading in readings.items():
        name = name.replace("__", "/")
        run.manifest["metrics"][name] = {"name": name, "definition": name, "when": "after", "reading": reading}
    return run

"""Nothing is timed that does not compute the same: every peer replays our tokens, in float64.

At a learning rate two and a half times that of the timed runs, so that ratios go beyond the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks import ours
from benchmarks.problem import METRICS, Problem, Trained

TOLERANCE = 1e-10
LEARNING_RATE = 0.05
ROLLOUTS = {"small": 10, "medium": 10, "large": 3}

Train = Callable[..., Trained]


class Unequal(Exception):
    """A peer that computes something else."""


def check(name: str, train: Train, problem: Problem, tokens: np.ndarray, own: Trained) -> float:
    """The largest difference of any logit and any metric of any update from ours. Raises Unequal."""
    theirs = train(problem, len(tokens), tokens)
    pairs = {metric: (theirs.metrics[metric], own.metrics[metric]) for metric in METRICS}
    pairs["logits"] = (theirs.logits, own.logits)
    differences = {of: float(np.max(np.abs(one - other))) for of, (one, other) in pairs.items()}
    worst = max(differences, key=differences.get)
    if not differences[worst] <= TOLERANCE:
        raise Unequal(f"{name}, {problem.name}: {worst} differs by {differences[worst]:.1e}, more than {TOLERANCE:g}")
    return differences[worst]


def our_tokens(problem: Problem) -> tuple[Problem, np.ndarray, Trained]:
    """What our side sampled and trained; the run that is timed, which records no tokens, must be the same run."""
    problem, num_rollouts = replace(problem, learning_rate=LEARNING_RATE), ROLLOUTS[problem.name]
    tokens, own = ours.recorded(problem, num_rollouts)
    _, timed = ours.recorded(problem, num_rollouts, ratios=False)
    check("the run without tokens", lambda *_: timed, problem, tokens, own)
    if not (own.metrics["clip/active"].max() > 0 and own.metrics["drift/excess_max"].max() > 0):
        raise Unequal(f"{problem.name}: no ratio went beyond the clip, so nothing was compared there")
    return problem, tokens, own

"""The numbers of a point's experiment that closed forms are functions of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lazy import pd
from ..run import Run


def parameters(run: Run) -> pd.DataFrame:
    """One row per point; NaN for what its experiment does not have.

    `probability` is that of the first arm, or of every token, as a table begins.
    """
    rows, known = [], {}
    for point in range(len(run.points)):
        experiment = run.experiment(point)
        gate, optimizer = experiment["surrogate"]["gate"], experiment["optimizer"]
        start = id(experiment["environment"]), id(experiment["policy"])  # which points share
        if start not in known:
            known[start] = _probability(experiment)
        rows.append(
            {
                "b1": optimizer.get("b1", np.nan),
                "b2": optimizer.get("b2", np.nan),
                "eps": optimizer.get("eps", np.nan),
                "clip_low": gate.get("clip_low", np.nan),
                "clip_high": gate.get("clip_high", np.nan),
                "probability": known[start],
            }
        )
    return pd.DataFrame(rows)


def recorded(run: Run, metric: str) -> pd.DataFrame:
    """A recorded metric by its declared reading, with the numbers of the experiment that closed forms use."""
    return readings_of(run, metric).join(parameters(run), on="point")


def readings_of(run: Run, metric: str) -> pd.DataFrame:
    """A recorded metric by its declared reading, and no more."""
    return run.readings[["point", "seed", metric]].rename(columns={metric: "measured"})


def updates_per_rollout(run: Run, point: int) -> int:
    training = run.experiment(point)["training"]
    return training["epochs"] * training["minibatches"]


def coordinates(run: Run, point: int) -> int:
    """The number of logits of a table with one state; 0 where there are more states, or no table."""
    experiment = run.experiment(point)
    rewards = experiment["environment"].get("rewards")
    one_row = experiment["policy"]["kind"] == "tabular" and isinstance(rewards, list) and len(rewards) == 1
    return len(rewards[0]) if one_row else 0


def _probability(experiment: dict[str, Any]) -> float:
    """The first arm's probability as a run begins, in a table without noise whose other arms are all alike."""
    environment, policy = experiment["environment"], experiment["policy"]
    known = policy["kind"] == "tabular" and policy["start"] == "zeros" and policy["initial_logits"] is None
    size = len(environment["rewards"][0]) if "rewards" in environment else environment.get("vocab_size")
    if not known or size is None:
        return float("nan")
    chances = np.exp(np.zeros(size) if policy["bias"] is None else np.asarray(policy["bias"], dtype=float))
    return float(chances[0] / chances.sum()) if np.ptp(chances[1:]) == 0 else float("nan")

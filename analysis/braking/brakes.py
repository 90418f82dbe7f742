"""What `ratiodrift brake` measured, as tables: how optimizers stop, and how their updates scale.

Plain rows and arrays come in, from the command; nothing here knows an optimizer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

BEHAVIOURS = ("stops at once", "coasts", "does not stop", "not finite")  # the order of tables


@dataclass(frozen=True)
class Brakes:
    """A row of `table` is an optimizer, a start (steady, cold) and a kind of gradients (constant, noisy).

    `curves` has measured and predicted values over x: residuals over updates, elasticities over gradient scales.
    `left_out` are the reasons of those that were not measured, `facts` the settings.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    left_out: dict[str, str]
    facts: dict[str, Any]

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """The steady stops on constant gradients, by behaviour and distance, with the other stops' columns beside."""
        if self.table.empty:
            return pd.DataFrame({"behaviour": []})
        kinds = dict(iter(self.table.groupby(["start", "gradients"], sort=False)))
        ranked = kinds["steady", "constant"].set_index("optimizer")
        for start, gradients in (("cold", "constant"), ("steady", "noisy"), ("cold", "noisy")):
            suffix = f"_{start}_{gradients}"
            ranked = ranked.join(kinds[start, gradients].set_index("optimizer").add_suffix(suffix))
        order = {"behaviour": ranked["behaviour"].map(BEHAVIOURS.index), "far": ranked["travelled"]}
        return (
            ranked.assign(**order)
            .sort_values(["behaviour", "far"], kind="stable")
            .assign(behaviour=ranked["behaviour"])
        )

    def points(self, name: str) -> pd.DataFrame:
        """One kind of curve: `optimizer`, `x`, `measured`, `predicted`."""
        return self.curves[self.curves["curve"] == name]

    def curve(self, name: str) -> dict[str, pd.DataFrame]:
        """One kind of curve, optimizer by optimizer, in the order of the ranking."""
        own = self.points(name)
        found = dict(iter(own.groupby("optimizer")))
        return {optimizer: found[optimizer] for optimizer in self.ranking.index}

    def as_json(self) -> str:
        """The table as JSON. What is infinite or undefined is null: `behaviour` says which."""
        rows = json.loads(self.table.to_json(orient="records", double_precision=15))
        return json.dumps({**self.facts, "optimizers": rows, "not_driven": self.left_out}, indent=1)


def gather(measured: list[dict[str, Any]], left_out: dict[str, str], facts: dict[str, Any]) -> Brakes:
    """Tables of what each optimizer's `rows` and `curves` say; a curve without a closed form has NaN for predicted."""
    curves = [
        pd.DataFrame({"optimizer": found["name"], **curve, "predicted": _or_nan(curve["predicted"], curve["x"])})
        for found in measured
        for curve in found["curves"]
    ]
    return Brakes(
        table=pd.DataFrame([row for found in measured for row in found["rows"]]),
        curves=pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(),
        left_out=left_out,
        facts=facts,
    )


def _or_nan(values: np.ndarray | None, like: np.ndarray) -> np.ndarray:
    return np.full(len(like), np.nan) if values is None else values

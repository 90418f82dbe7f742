"""One row per point: what each metric came to, with its interval over seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .intervals import half_widths
from .run import LEARNING_RATE, Run, short
from .run.stored import last

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def ratio_quantiles(run: Run) -> pd.DataFrame:
    """One row per point and seed: quantiles of the ratios after a rollout's last update, mean over rollouts."""
    names = {quantile: f"ratio/q{round(100 * quantile):02d}" for quantile in QUANTILES}
    parts = []
    for tokens in run.stored_ratios.each(["point", "seed", "rollout", "update", "log_ratio"]):
        by_rollout = last(tokens, "update").groupby(["point", "seed", "rollout"])["log_ratio"]
        parts.append(np.exp(by_rollout.quantile(list(QUANTILES)).unstack()))
    return pd.concat(parts).rename(columns=names).groupby(["point", "seed"]).mean().reset_index()


def learning_rate(run: Run, point: int) -> float:
    """The learning rate that a point was run with; NaN where it is no number."""
    rate = run.experiment(point)["optimizer"].get("learning_rate")
    return float(rate) if isinstance(rate, int | float) else float("nan")


def summarize(run: Run) -> pd.DataFrame:
    """One row per point: swept values, label, seeds, and for each metric its mean and interval (`…:low`, `…:high`).

    Derived quantities that the scenario's headline or columns name are metrics too (the mean over their cases).
    Where ratios were recorded, their quantiles `ratio/q01` … `ratio/q99` are metrics too. Where learning rates were
    matched, they are a column.
    """
    from .quantities import QUANTITIES  # which are worked out of readings

    values = run.readings
    if run.has_ratios:
        values = values.merge(ratio_quantiles(run), on=["point", "seed"], how="left")
    for name in run.columns:
        if name in QUANTITIES and name not in values:
            measured = QUANTITIES[name](run).groupby(["point", "seed"])["measured"].mean().rename(name)
            values = values.merge(measured.reset_index(), on=["point", "seed"], how="left")
    metrics = [name for name in values.columns if name not in ("point", "seed")]
    seeds = values.groupby("point")["seed"].size()
    found = seeds.index.to_numpy(dtype=np.int64)
    columns: dict[str, Any] = {"point": found}
    for name, column in run.points.swept.items():
        column = _column(column)
        columns[name] = [column[point] for point in found]
    columns |= {"label": [run.labels[point] for point in found], "seeds": seeds.to_numpy()}
    if run.matched:
        columns[LEARNING_RATE] = [learning_rate(run, point) for point in found]
    means = values.groupby("point")[metrics].mean()
    finite = values[metrics].where(np.isfinite(values[metrics]))
    half = half_widths(finite.groupby(values["point"]))
    for name in metrics:
        mean, beside = means[name].to_numpy(), half[name].to_numpy()
        columns |= {name: mean, f"{name}:low": mean - beside, f"{name}:high": mean + beside}
    return pd.DataFrame(columns)


def _column(values: list[Any]) -> list[Any]:
    """Swept values as a column of a table, which is of one type: numbers where all are, else text; None if unset."""
    kinds = {type(value) for value in values if value is not None}
    alike = kinds <= {int, float} or kinds == {bool}
    return values if alike else [value if value is None else short(value) for value in values]

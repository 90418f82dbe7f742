"""One row a point: what each metric came to, with its interval over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.intervals import half_width
from analysis.run import LEARNING_RATE, last, short

if TYPE_CHECKING:
    from analysis.run import Run

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def readings(run: Run) -> pd.DataFrame:
    """One row per point and seed: the value that stands for the whole run, by each metric's declared reading.

    "mean": over all updates. "sum": over a rollout's updates, averaged over rollouts. "end": after the last update of
    a rollout, averaged over rollouts. "final": after the last update of the run. A quotient is that of its two
    metrics' own readings. Undefined values (NaN) are left out of averages.
    """
    updates, keys, declared = run.updates, ["point", "seed"], run.manifest["metrics"]
    ends = last(updates, "update")
    finals = last(ends, "rollout")
    by_reading = {
        reading: [name for name in run.metrics if declared[name]["reading"] == reading]
        for reading in ("mean", "sum", "end", "final")
    }
    sums = updates.groupby([*keys, "rollout"])[by_reading["sum"]].sum(min_count=1)
    frames = {"mean": updates, "sum": sums, "end": ends, "final": finals}
    parts = [frame.groupby(keys)[by_reading[reading]].mean() for reading, frame in frames.items()]
    found = pd.concat(parts, axis=1)[run.metrics]
    for name in run.metrics:
        if quotient := declared[name].get("quotient"):
            above, below = (found[part] for part in quotient)
            found[name] = above / below.where(below != 0)
    return found.reset_index()


def ratio_quantiles(run: Run) -> pd.DataFrame:
    """One row per point and seed: quantiles of the ratios after a rollout's last update, mean over rollouts."""
    ends = last(run.ratios, "update")
    found = np.exp(ends.groupby(["point", "seed", "rollout"])["log_ratio"].quantile(list(QUANTILES)).unstack())
    names = {quantile: f"ratio/q{round(100 * quantile):02d}" for quantile in QUANTILES}
    return found.rename(columns=names).groupby(["point", "seed"]).mean().reset_index()


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
    from analysis.metrics import QUANTITIES  # which are worked out of readings

    values = readings(run)
    if run.ratios is not None:
        values = values.merge(ratio_quantiles(run), on=["point", "seed"], how="left")
    for name in run.columns:
        if name in QUANTITIES and name not in values:
            measured = QUANTITIES[name](run).groupby(["point", "seed"])["measured"].mean().rename(name)
            values = values.merge(measured.reset_index(), on=["point", "seed"], how="left")
    metrics = [name for name in values.columns if name not in ("point", "seed")]
    swept_columns = {key: _column([point.get(key) for point in run.manifest["points"]]) for key in run.swept}
    rows = []
    for point, seeds in values.groupby("point"):
        swept = {key: column[point] for key, column in swept_columns.items()}
        row = {"point": point, **swept, "label": run.labels[point], "seeds": len(seeds)}
        if run.matched:
            row[LEARNING_RATE] = learning_rate(run, point)
        for metric in metrics:
            mean, half = seeds[metric].mean(), half_width(seeds[metric])
            row |= {metric: mean, f"{metric}:low": mean - half, f"{metric}:high": mean + half}
        rows.append(row)
    return pd.DataFrame(rows)


def _column(values: list[Any]) -> list[Any]:
    """Swept values as a column of a table, which is of one type: numbers where all are, else text; None if unset."""
    kinds = {type(value) for value in values if value is not None}
    alike = kinds <= {int, float} or kinds == {bool}
    return values if alike else [value if value is None else short(value) for value in values]

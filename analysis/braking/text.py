"""Braking distances, and what is odd about one, as a reader meets them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from .brakes import BEHAVIOURS, Brakes


def distance(value: float, whole: bool = True) -> str:
    """'9.14'; '>62.4' where the optimizer still moved at the horizon; '∞' where it does not stop; '–' if undefined."""
    return f"{'' if whole or not math.isfinite(value) else '>'}{short(value)}"


def short(value: float) -> str:
    """A number in three digits; what is 0 to three decimals is 0."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞"
    size = abs(float(f"{value:.3g}"))
    if size < 5e-4:
        return "0"
    decimals = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    return f"{value:.{decimals}f}"


def headings(brakes: Brakes) -> dict[str, str]:
    """What each behaviour is called above its optimizers: '26 coast'."""
    plural = {"stops at once": "stop at once", "coasts": "coast", "does not stop": "do not stop"}
    counts = brakes.ranking["behaviour"].value_counts()
    return {
        kind: f"{counts[kind]} {plural.get(kind, kind) if counts[kind] > 1 else kind}"
        for kind in BEHAVIOURS
        if kind in counts
    }


def finding(brakes: Brakes) -> str:
    """How many stop, coast and go on, and how well the closed forms tell it."""
    ranked, horizon = brakes.ranking, brakes.facts["horizon"]
    if ranked.empty:
        return "No optimizer was measured."
    if len(ranked) == 1:
        return f"{ranked.index[0]} {_behaviour(ranked, horizon)}. {agreement(brakes)}".strip()
    parts = []
    for kind, heading in headings(brakes).items():
        own = ranked[ranked["behaviour"] == kind]
        names = ", ".join(own.index)
        if kind == "coasts":
            far = own["distance"]
            spread = f"distances from {short(far.min())} to {short(far.max())}, median {short(far.median())}"
            heading += f" ({spread})" if len(own) > 1 else f" ({names}, for a distance of {short(far.max())})"
        if kind == "does not stop":
            heading += f" in {horizon} updates ({names})"
        if kind == "not finite":
            heading += f" before the gradient is gone ({names})"
        parts.append(heading)
    return f"Of {len(ranked)} optimizers, {', '.join(parts)}. {agreement(brakes)}".strip()


def _behaviour(ranked: pd.DataFrame, horizon: int) -> str:
    """What the only optimizer does."""
    row = ranked.iloc[0]
    details = {
        "stops at once": "stops at once",
        "coasts": f"coasts for a distance of {distance(row['distance'], row['whole'])}",
        "does not stop": f"does not stop in {horizon} updates",
    }
    return details.get(row["behaviour"], "is not finite before the gradient is gone")


def agreement(brakes: Brakes) -> str:
    """How far measured residuals are from predicted ones, at most, where there are closed forms."""
    curves = brakes.curves[brakes.curves["curve"].str.startswith("residual")].dropna(subset=["measured", "predicted"])
    if curves.empty:
        return ""
    off = (curves["measured"] - curves["predicted"]).abs().groupby(curves["optimizer"]).max()
    subject = "The closed form gives" if len(off) == 1 else f"The {len(off)} closed forms give"
    worst = f", {off.idxmax()} the furthest off" if len(off) > 1 else ""
    return (
        f"{subject} every residual update, cold and steady, to {max(off.max(), 1e-15):.0e} of the last update with a "
        f"gradient{worst}."
    )


def note(row: pd.Series, horizon: int) -> str:
    """What a reader should know about how an optimizer stops, in the ranking's `row`."""
    told = []
    if row["behaviour"] == "does not stop":
        told.append(f"{short(row['last_residual'])} of its last update after {horizon} without a gradient")
    elif row["behaviour"] == "coasts" and not row["whole"]:
        told.append(f"still {short(row['last_residual'])} of its last update after {horizon}")
    if row["largest_residual"] > 1.02:
        told.append(f"speeds up, to {short(row['largest_residual'])} times its last update")
    if row["behaviour"] != "stops at once" and row["net"] < 0.9 * row["travelled"]:
        how = "goes back" if row["net"] < -0.5 * row["travelled"] else "turns aside"
        told.append(f"{how}: goes {short(row['travelled'])}, gets {short(row['net'])} further")
    if np.isnan(row["elasticity_first"]) and not np.isnan(row["elasticity_last"]):
        told.append("its first update is zero")
    if not 0.1 < row["growth"] < 10:
        told.append("on a constant gradient its step grows without end: no steady state")
    if row["reads_value"]:
        told.append("its step depends on the objective's value, here constant")
    if row["warnings"]:
        told.append(f"optax says: {row['warnings']}")
    return "; ".join(told)


def elasticity(value: float) -> str:
    """Two decimals; '–' where there is no update to compare."""
    return "–" if np.isnan(value) else f"{value + 0.0:.2f}".replace("-0.00", "0.00")

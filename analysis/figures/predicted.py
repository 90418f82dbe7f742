"""What a run's claims predict, over what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..claims import cases
from ..claims.closed_forms import CLOSED_FORMS, SIGNS
from ..excerpt import thinned
from ..run import Run
from .prefix_covariance import supports
from .style import COLOURS, SYMBOLS, Figure, add_identity, dress, labelled, plain
from .variants import variants


def claims_on(run: Run, metric: str) -> list[dict[str, Any]]:
    """The claims that predict values of the metric itself: not of a fit to it, nor its sign, nor a difference."""
    claims = [claim for claim in run.heading["claim"] if claim["metric"] == metric and claim["predicted"] not in SIGNS]
    return [claim for claim in claims if not claim.get("fit") and not claim["against"]]


def has_closed_form(claim: dict[str, Any]) -> bool:
    """Whether a claim's prediction is worked out case by case."""
    return claim["predicted"] in CLOSED_FORMS


def predicted_cases(run: Run, metric: str) -> list[pd.DataFrame]:
    """The cases of each claim that has a closed form for the metric; none that are empty."""
    found = [cases(run, claim) for claim in claims_on(run, metric) if has_closed_form(claim)]
    return [rows for rows in found if len(rows)]


MAX_POINTS = 2000  # drawn; the tables hold all
ELSEWHERE = ("residual_update", "local_elasticity", "jump_response")  # have figures of their own


def predicted_against_measured(run: Run) -> Figure | None:
    """A point a case; needs a claim with a closed form and cases that differ, and no figure of its own for those."""
    drawing, kinds = go.Figure(), variants(run)
    found = [(metric, rows) for metric, rows in _cases(run) if len(rows) >= 3]
    if not found:
        return None
    named = len(kinds.colours) <= len(COLOURS)
    alone = len({metric for metric, _ in found}) == 1
    for metric, rows in found:
        rows = rows.iloc[thinned(len(rows), MAX_POINTS)]
        colours = rows["point"].map(kinds.colour_of.__getitem__)
        for _, own in rows.groupby(colours if named else colours % len(COLOURS)):
            first = int(own["point"].iloc[0])
            symbol = SYMBOLS[kinds.colour_of[first] % len(SYMBOLS)]
            drawing.add_scatter(
                x=own["predicted"], y=own["measured"], mode="markers",
                name=kinds.name(first) if alone else f"{plain(metric)}, {kinds.name(first)}",
                marker={"size": 7, "opacity": 0.75, "color": kinds.colour(first), "symbol": symbol},
                customdata=[plain(run.labels[int(point)]) for point in own["point"]],
                hovertemplate="%{customdata}: predicted %{x:.6g}, measured %{y:.6g}<extra></extra>",
                showlegend=named,
            )  # fmt: skip
    every = pd.concat([rows.assign(metric=metric) for metric, rows in found], ignore_index=True)
    add_identity(drawing, every["predicted"], every["measured"])
    drawing.update_xaxes(title_text="predicted")
    drawing.update_yaxes(title_text="measured")
    reading = "Each point is one case of a claim, worked out from its closed form (across) and measured (up)."
    title = "Predicted and measured, case by case"
    return Figure("predicted", title, reading, dress(drawing), data=labelled(run, every))


def _cases(run: Run) -> Iterator[tuple[str, pd.DataFrame]]:
    """Metric and cases of each claim that is drawn here."""
    for claim in run.heading["claim"]:
        covariance = claim["predicted"] == "group_covariance" and supports(run)  # prefix_covariance draws these
        if has_closed_form(claim) and not covariance and (claim.get("fit") or claim["metric"] not in ELSEWHERE):
            rows = cases(run, claim)
            name = f"{claim['fit']['kind']} of {claim['metric']}" if claim.get("fit") else claim["metric"]
            yield name, rows[np.isfinite(rows[["measured", "predicted"]]).all(axis=1)] if len(rows) else rows

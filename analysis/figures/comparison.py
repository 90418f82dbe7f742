"""The headline metric, variant by variant or over the swept axis."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..claims import cases
from ..excerpt import excerpt, thinned
from ..run import Run
from ..sentences import meaning, reading
from .heat_map import maps
from .predicted import claims_on
from .style import COLOURS, DASHES, LOG_SPAN, PREDICTED, SYMBOLS, Figure, dress, labelled, named, plain, wrapped
from .variants import variants

# What a claim says about a value, as a mark on a row and on a curve, with the sign for it in the sentence below
ACROSS = {"equal": ("line-ns", "│"), "at_least": ("triangle-right-open", "▷"), "at_most": ("triangle-left-open", "◁")}
UPWARDS = {"equal": ("line-ew", "─"), "at_least": ("triangle-up-open", "△"), "at_most": ("triangle-down-open", "▽")}
SAID = {"equal": "this value", "at_least": "at least this", "at_most": "at most this"}
ERRORS = "#8d97a6"  # over dots of any colour, on white and dark paper
LINE_HEIGHT = 15  # pixels, of a label
MAX_DOTS = 60
MAX_CURVES = 24
MAX_ON_A_CURVE = 400


def comparison(run: Run) -> Figure | None:
    """The headline metric with its interval over seeds; a curve over the longest axis, or a dot a point; no map."""
    metric = run.heading["headline"]
    if metric not in run.summary or run.summary[metric].isna().all() or maps(run):
        return None
    axis = _longest_axis(run)
    claimed = _claimed(run, metric)
    drawing, rest = _dots(run, metric, claimed) if axis is None else _curves(run, metric, axis, claimed)
    if len(claimed):
        signs = ACROSS if axis is None else UPWARDS
        said = ", ".join(f"{signs[relation][1]} {SAID[relation]}" for relation in claimed["relation"].unique())
        rest += f" In grey is what claims predict: {said}."
    when = reading(run, metric)
    seeds = int(run.summary["seeds"].max())
    spread = f"; bars are 95 % intervals of the mean over {seeds} seeds (Student's t)" if seeds > 1 else ""
    title = f"{metric}{when}" if axis is None else f"{metric}{when}, over {axis}"
    columns = ["point", *run.swept, "seeds", metric, f"{metric}:low", f"{metric}:high"]
    data = labelled(run, run.summary[columns])
    for relation, own in claimed.groupby("relation", sort=False):
        data[f"claimed: {SAID[relation]}"] = data["point"].map(own.groupby("point")["predicted"].first())
    sentence = f"{metric}: {meaning(run, metric).rstrip('.')}{spread}.{rest}"
    return Figure("comparison", title, sentence, drawing, data=data)


def _claimed(run: Run, metric: str) -> pd.DataFrame:
    """What claims say about the metric itself, the mean over their cases: point, predicted, relation."""
    parts = [
        found.groupby("point")["predicted"].mean().reset_index().assign(relation=claim["relation"])
        for claim in claims_on(run, metric)
        if len(found := cases(run, claim))
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["point", "predicted", "relation"])


def _longest_axis(run: Run) -> str | None:
    """The numeric swept column with the most values, if it has three at least."""
    numeric = [name for name in run.swept if pd.api.types.is_numeric_dtype(run.summary[name])]
    counts = {name: run.summary[name].nunique() for name in numeric}
    best = max(counts, key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] >= 3 else None


def _errors(rows: pd.DataFrame, metric: str) -> dict:
    return {
        "type": "data",
        "array": rows[f"{metric}:high"] - rows[metric],
        "thickness": 1.4,
        "width": 4,
        "color": ERRORS,
    }


def _dots(run: Run, metric: str, claimed: pd.DataFrame) -> tuple[go.Figure, str]:
    """A dot a point, and a sentence about those that are left out."""
    drawing, kinds = go.Figure(), variants(run)
    rows, rest = excerpt(run.summary, metric, MAX_DOTS)
    rows = rows.iloc[::-1]
    drawing.add_scatter(
        x=rows[metric],
        y=rows["label"].map(wrapped),
        error_x=_errors(rows, metric),
        mode="markers",
        marker={"size": 11, "color": [kinds.colour(int(point)) for point in rows["point"]]},
        hovertemplate="%{y}: %{x:.5g}<extra></extra>",
    )
    places = {int(point): wrapped(label) for point, label in zip(rows["point"], rows["label"], strict=True)}
    for relation, own in claimed[claimed["point"].isin(places)].groupby("relation", sort=False):
        _mark(drawing, own["predicted"], own["point"].map(places), relation, own["predicted"], ACROSS)
    drawing.update_xaxes(title_text=plain(metric))
    drawing.update_layout(showlegend=False)
    drawing.update_yaxes(range=[-0.6, len(rows) - 0.4], tickfont={"size": 12})
    lines = max(place.count("<br>") + 1 for place in places.values())
    return dress(drawing, height=120 + max(34, LINE_HEIGHT * lines + 6) * len(rows)), f" {rest}." if rest else ""


def _curves(run: Run, metric: str, axis: str, claimed: pd.DataFrame) -> tuple[go.Figure, str]:
    """A curve for each value of the other axes, and a sentence about those that are left out."""
    drawing = go.Figure()
    others = [name for name in run.swept if name != axis]
    placed = run.summary.dropna(subset=[axis])  # a variant that has no such axis has no place on it
    groups = list(placed.groupby(others, dropna=False, sort=False)) if others else [((), placed)]
    drawn = [groups[index] for index in thinned(len(groups), MAX_CURVES)]
    for index, (key, rows) in enumerate(drawn):
        rows = rows.sort_values(axis)
        rows = rows.iloc[thinned(len(rows), MAX_ON_A_CURVE)]
        parts = zip(others, key if isinstance(key, tuple) else (key,), strict=True)
        name = plain(named(parts) or metric)
        drawing.add_scatter(
            x=rows[axis],
            y=rows[metric],
            error_y=_errors(rows, metric),
            name=name,
            mode="lines+markers",
            line={"color": COLOURS[index % len(COLOURS)], "width": 2, "dash": DASHES[index // len(COLOURS)]},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 7},
            hovertemplate=f"{plain(axis)} %{{x:g}}: %{{y:.5g}}",
        )
        said = claimed.merge(rows[["point", axis]], on="point").sort_values(axis)
        for relation, own in said.groupby("relation", sort=False):
            _mark(drawing, own[axis], own["predicted"], relation, own["predicted"], UPWARDS)
    drawing.update_xaxes(title_text=plain(axis), type=_scale(run.summary[axis]))
    drawing.update_yaxes(title_text=plain(metric), type=_scale(run.summary[metric]))
    hidden = len(groups) - len(drawn)
    return dress(drawing), f" {hidden:,} more curves are in the tables." * (hidden > 0)


def _mark(
    drawing: go.Figure, across: pd.Series, up: pd.Series, relation: str, predicted: pd.Series, signs: dict
) -> None:  # fmt: skip
    """What a claim predicts, beside what was measured; a line where it predicts the values of a curve."""
    is_curve = signs is UPWARDS and relation == "equal" and len(across) > 1
    drawing.add_scatter(
        x=across, y=up, mode="lines" if is_curve else "markers", showlegend=False,
        line={"color": PREDICTED, "width": 1.5, "dash": "dash"},
        marker={"symbol": signs[relation][0], "size": 13, "color": PREDICTED, "line": {"color": PREDICTED, "width": 2}},
        customdata=predicted, hovertemplate=f"a claim: {SAID[relation]}, %{{customdata:.4g}}<extra></extra>",
    )  # fmt: skip


def _scale(values: pd.Series) -> str:
    return "log" if values.min() > 0 and values.max() / values.min() >= LOG_SPAN else "linear"

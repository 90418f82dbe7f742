"""Every token of one group, update by update."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..excerpt import thinned
from ..run import Run
from ..text import number
from .bounds import beyond, bounds
from .style import MARK, Figure, count_ticks, dress, labelled, plain

MAX_TOKENS = 40
MAX_UPDATES = 150
ROW = 22  # pixels
DIVERGING = [[0.0, "#1f5fa8"], [0.25, "#7fb3dc"], [0.5, "#e9e9e6"], [0.75, "#eda677"], [1.0, "#b5410b"]]
TOKEN = ["completion", "position", "token", "advantage"]
READING = (
    "One group of {label}, the variant that has the largest ratio there: seed {seed}, rollout {rollout}, prompt "
    "{prompt}. A row is a token, a column per update; colour is the log-ratio after it, orange above 0, blue below."
    "{marks}{rest}"
)
MARKS = (
    " ● is a token beyond the bound that its advantage pushes towards: whatever moves it on is not its own gradient."
)


def token_heat(run: Run) -> Figure | None:
    """Token × update of the first recorded group; needs recorded ratios of two updates at least."""
    if not run.has_ratios:
        return None
    stored = run.stored_ratios
    rollout, seed = stored.least("rollout"), stored.least("seed")
    rows = stored.read(["point", "seed", "update", "prompt", *TOKEN, "log_ratio"], rollout=rollout, seed=seed)
    rows = rows[(rows["prompt"] == rows["prompt"].min()) & np.isfinite(rows["log_ratio"])]
    if rows.empty:
        return None
    point = int(rows["point"][rows["log_ratio"].idxmax()])
    rows = rows[rows["point"] == point]
    if rows["update"].nunique() < 2:
        return None
    rows = rows.sort_values(["completion", "position", "update"])
    limit = bounds(run, point)
    out = beyond(rows["log_ratio"].to_numpy(), rows["advantage"].to_numpy(), limit)
    rows = rows.assign(rollout=rollout, **({"beyond the bound": out} if limit else {}))
    tokens = rows.groupby(["completion", "position"], sort=False)
    several = rows["position"].nunique() > 1
    names = {key: _name(own.iloc[0], several) for key, own in tokens}
    shown = [*names][:MAX_TOKENS]
    drawing = _drawn(rows.set_index(["completion", "position"]), {key: names[key] for key in shown}, limit is not None)
    rest = len(names) - len(shown)
    reading = READING.format(
        label=run.labels[point], seed=seed, rollout=rollout, prompt=rows["prompt"].iloc[0],
        marks=MARKS * bool(limit), rest=f" {rest:,} more tokens are in the data." * (rest > 0),
    )  # fmt: skip
    height = 140 + ROW * len(shown)
    return Figure("token_heat", "One group, token by token", reading, dress(drawing, height), 560, labelled(run, rows))


def _drawn(rows: pd.DataFrame, names: dict[tuple[int, int], str], marked: bool) -> go.Figure:
    """The map, and the marks on it; `rows` are indexed by completion and position."""
    updates = np.sort(rows["update"].unique())
    updates = updates[thinned(len(updates), MAX_UPDATES)]
    table = rows.pivot_table(index=["completion", "position"], columns="update", values="log_ratio", sort=False)
    table = table.reindex(index=list(names), columns=updates)
    most = np.nanmax(np.abs(table.to_numpy())) or 1.0
    labels = [plain(name) for name in names.values()]
    drawing = go.Figure()
    drawing.add_heatmap(
        x=updates, y=labels, z=np.round(table.to_numpy(dtype=float), 5).tolist(), zmin=-most, zmax=most,
        xgap=0.5, ygap=1,
        colorscale=DIVERGING, colorbar={"title": {"text": "log-ratio", "side": "right"}, "thickness": 14},
        hovertemplate="%{y}<br>update %{x}: log-ratio %{z:.4g}<extra></extra>",
    )  # fmt: skip
    if marked:
        flags = rows.pivot_table(
            index=["completion", "position"], columns="update", values="beyond the bound", sort=False
        )
        found = np.argwhere(flags.reindex(index=list(names), columns=updates).fillna(False).to_numpy(dtype=bool))
        drawing.add_scatter(
            x=updates[found[:, 1]], y=[labels[row] for row in found[:, 0]], mode="markers", name="beyond its bound",
            marker={**MARK, "size": 6, "line": {"color": "#eef1f5", "width": 1}}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    drawing.update_xaxes(title_text="update", **count_ticks(int(updates[-1])), showgrid=False)
    half = 0.5 * (updates[1] - updates[0])  # of a cell; the marks would ask for room around the map
    drawing.update_xaxes(range=[updates[0] - half, updates[-1] + half])
    drawing.update_yaxes(range=[len(labels) - 0.5, -0.5], showgrid=False, type="category", tickfont={"size": 12})
    return drawing


def _name(token: pd.Series, several: bool) -> str:
    """'completion 3, position 1: token 2, A = +0.5'; the position is left out where all have one."""
    advantage = token["advantage"]
    size = f"{'+' if advantage > 0 else '−' if advantage < 0 else ''}{number(abs(advantage), 3)}"
    where = f"completion {int(token['completion'])}" + f", position {int(token['position'])}" * several
    return f"{where}: token {int(token['token'])}, A = {size}"

"""The picture of all gates: score weight against ratio."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from simulator.surrogates.gates import GATES

RATIO = np.linspace(0.01, 2.5, 499)
SIGNS = {1.0: ("A = 1", "#1f5fa8"), -1.0: ("A = −1", "#c0392b")}
BEHAVIOR = 0.25  # the behavior policy's probability of the token, for gates that look at it
COLUMNS = 4
TELLING = {"truncated_weight": {"cap": 1.5}, "restoring": {"coef": 1.0}}  # where the default shows little


def gate_curves() -> go.Figure:
    """Every gate at its defaults, one small picture each; other numbers stand in the title."""
    kinds = GATES.members
    numbers = {kind: TELLING.get(kind, {}) for kind in kinds}
    gates = [cls(**numbers[kind]) for kind, cls in kinds.items()]
    rows = -(-len(gates) // COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=COLUMNS,
        subplot_titles=[" ".join([kind, *(f"{k} = {v}" for k, v in given.items())]) for kind, given in numbers.items()],
        shared_yaxes=True,
        vertical_spacing=0.12,
        horizontal_spacing=0.04,
    )
    log_ratio = np.log(RATIO)[None, None, :]
    for index, gate in enumerate(gates):
        place = {"row": index // COLUMNS + 1, "col": index % COLUMNS + 1}
        for sign, (name, colour) in SIGNS.items():
            weight = gate.score_weight(log_ratio, log_ratio + np.log(BEHAVIOR), np.full((1, 1, 1), sign))
            line = go.Scatter(
                x=RATIO,
                y=np.asarray(weight)[0, 0],
                name=name,
                line={"color": colour, "width": 2, "simplify": False},
                showlegend=index == 0,
            )
            figure.add_trace(line, **place)
    figure.update_yaxes(range=[-2.6, 2.6], zeroline=True, zerolinecolor="#999", dtick=1)
    figure.update_xaxes(dtick=0.5, range=[0, 2.5])
    for index in range(len(gates)):
        last = index + COLUMNS >= len(gates)
        figure.update_xaxes(title_text="ratio" if last else "", row=index // COLUMNS + 1, col=index % COLUMNS + 1)
    for row in range(1, rows + 1):
        figure.update_yaxes(title_text="score weight", row=row, col=1)
    figure.update_layout(
        template="plotly_white", legend={"orientation": "h", "y": 1.1}, margin={"t": 80, "b": 50, "r": 20}
    )
    return figure

"""The page of `ratiodrift brake`: one self-contained HTML file."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from ..files import write_parquet, write_whole
from ..page import Section, data_block, figure_block, html_table, page
from ..page.sections import copied
from .brakes import Brakes
from .curves import COLOURS, residual_curves
from .scaling import scaling_curves
from .text import distance, elasticity, finding, headings, note, short

TITLE = "Braking distances"
QUESTION = "When its gradient is gone, how far does an optimizer carry on, and what does it make of a gradient's scale?"
METHOD = (
    "Each optimizer of optax, at its defaults, is given a constant gradient (every coordinate ±1, on {rows} × "
    "{columns} parameters) for {updates} updates, or {cold} for a cold start, and none for {horizon} more, in double "
    "precision. The braking distance is the summed size of the latter, in units of the last update with a gradient. "
    "Noisy gradients have Gaussian noise of {noise:g} times their size on every coordinate (mean of {seeds} draws). "
    "Updates are applied, at a learning rate of {learning_rate:g} where optax has no default. Weight decay, which "
    "moves parameters without any gradient, is off unless set. Step sizes that read the objective's value are told a "
    "constant, the gradient's scale."
)
COLUMNS = (
    "optimizer", "C₁", "half-life", "steady", "predicted", "cold", "predicted", "steady, noisy", "cold, noisy", "net",
    "elasticity", "steepest", "first update",
)  # fmt: skip
LEGEND = (
    "C₁ is the first update without a gradient, the half-life counts updates until one is half of the last with one "
    "(both steady); steady and cold are braking distances: ∞ does not stop, > still moves at the horizon. Net is how "
    "far a steady stop gets in the direction of the last update. Elasticity is the mean of d ln‖u‖ / d ln c over "
    "gradients c of {scales[0]:g} to {scales[1]:g}, steepest its largest value, both of the last update with a "
    "gradient; then the mean for the first one."
)


def write(brakes: Brakes, folder: Path) -> None:
    """Write brake.html, brake.parquet and curves.parquet, each whole or not at all."""
    for name, frame in (("brake", brakes.table), ("curves", brakes.curves)):
        write_parquet(folder / f"{name}.parquet", frame)
    write_whole(folder / "brake.html", render(brakes).encode())


def render(brakes: Brakes) -> str:
    """The whole page as text."""
    facts = brakes.facts
    method = METHOD.format(rows=facts["shape"][0], columns=facts["shape"][1], **facts)
    opening = [
        f"<p class=question>{escape(QUESTION)}</p>",
        f"<p class=finding>{escape(finding(brakes))}</p>",
        f"<p class=note>{escape(method)}</p>",
    ]
    figures = [] if brakes.ranking.empty else _figures(brakes)
    legend = f"<p class=note>{escape(LEGEND.format(**facts))}</p>"
    sections = [
        Section("coasting", "When the gradient is gone", "\n".join(figures[:1])),
        Section(
            "table",
            "Table",
            _table(brakes) + legend + data_block("brake", brakes.ranking.rename_axis("optimizer").reset_index()),
        ),
        Section("figures", "From a cold start, and at other scales", "\n".join(figures[1:])),
        Section("notes", "Closed forms, and what to know", _notes(brakes)),
        Section("again", "The same numbers again", _provenance(brakes)),
    ]
    return page(TITLE, "\n".join(opening), sections, name="brake")


def _figures(brakes: Brakes) -> list[str]:
    drawn = [residual_curves(brakes, start) for start in ("steady", "cold")]
    drawn += [scaling_curves(brakes, update) for update in ("last", "first")]
    return [figure_block(figure, least_width=760) for figure in drawn if figure is not None]


def _table(brakes: Brakes) -> str:
    rows = []
    for kind, heading in headings(brakes).items():
        rows.append([f"<span style='color: {COLOURS[kind]}'>{escape(heading)}</span>"])
        rows += [_cells(name, row) for name, row in brakes.ranking[brakes.ranking["behaviour"] == kind].iterrows()]
    return f"<div class=dense>{html_table(list(COLUMNS), rows)}</div>"


def _cells(name: str, row: pd.Series) -> list[str]:
    cold, noisy, cold_noisy = "_cold_constant", "_steady_noisy", "_cold_noisy"
    return [
        escape(name),
        short(row["first_residual"]),
        short(row["half_life"]),
        distance(row["distance"], row["whole"]),
        distance(row["predicted"], row["predicted_whole"]),
        *(distance(row["distance" + of], row["whole" + of]) for of in [cold]),
        distance(row["predicted" + cold], row["predicted_whole" + cold]),
        *(distance(row["distance" + of], row["whole" + of]) for of in (noisy, cold_noisy)),
        short(row["net"]),
        elasticity(row["elasticity_last"]),
        elasticity(row["steepest_last"]),
        elasticity(row["elasticity_first"]),
    ]


def _notes(brakes: Brakes) -> str:
    """What C_j is in closed form, for many updates with a gradient, and what is odd about an optimizer."""
    rows = [
        [escape(name), _formula(row["formula"]), escape(note(row, brakes.facts["horizon"]))]
        for name, row in brakes.ranking.iterrows()
    ]
    left_out = [[escape(name), "", escape(f"not measured: {reason}")] for name, reason in brakes.left_out.items()]
    return f"<div class='dense text'>{html_table(['optimizer', 'C_j for large n', ''], rows + left_out)}</div>"


def _formula(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else "no closed form"


def _provenance(brakes: Brakes) -> str:
    facts = brakes.facts
    told = {
        "settings": ", ".join(facts["settings"]) or "optax's defaults",
        "gradient scales": "{:g} to {:g}".format(*facts["scales"]),
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
        "tables": "brake.parquet (one row per optimizer, start and kind of gradients), curves.parquet (every curve)",
    }
    return copied(facts["command"]) + html_table(
        ["", ""], [[escape(name), escape(text)] for name, text in told.items()]
    )

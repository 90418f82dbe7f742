"""The excess over updates, beside that of the memoryless twin."""

from __future__ import annotations

from ..excerpt import thinned
from ..run import Run
from .courses import add_course, averaged_over, axis_of, course
from .style import PREDICTED, Figure, labelled, more_variants
from .variants import cell, finish, grid, variants

MAX_PANELS = 12
MAX_UPDATES = 300
OWN, TWIN = "drift/excess_max", "twin/drift/excess_max"
READING = (
    "Full lines are how far the furthest token's log-ratio is beyond the clip bound, dashed grey ones the same for the "
    "memoryless twin, on the same random numbers; on average over {of}{bands}. What lies between them is what memory "
    "caused; where they are one line, there is none."
)


def twin_excess(run: Run) -> Figure | None:
    """A panel per variant; needs a twin, an excess, and several updates."""
    over = axis_of(run)
    if over is None or OWN not in run.metrics or TWIN not in run.metrics:
        return None
    rows = course(run, [OWN, TWIN], over).dropna(subset=[OWN, TWIN])
    if rows.empty or rows[OWN].max() <= 0:
        return None
    kinds = variants(run)
    points = kinds.first(MAX_PANELS, sorted(rows["point"].unique()))
    drawing = grid([run.labels[point] for point in points], height=140)
    for index, point in enumerate(points):
        own = rows[rows["point"] == point]
        own, where = own.iloc[thinned(len(own), MAX_UPDATES)], cell(index, len(points))
        add_course(drawing, own, over, TWIN, "the memoryless twin", PREDICTED, "dash", index == 0, where)
        add_course(drawing, own, over, OWN, "the optimizer itself", kinds.colour(point), "solid", index == 0, where)
    drawing.update_yaxes(rangemode="tozero")
    reading = READING.format(
        of=averaged_over(run, over, points),
        bands=", shaded with its 95 % interval" * bool(rows[f"{OWN}:low"].notna().any()),
    )
    reading += more_variants(rows["point"].nunique() - len(points))
    finish(drawing, len(points), over, "excess, in log-ratio")
    title = "The excess, with memory and without"
    return Figure("twin_excess", title, reading, drawing, data=labelled(run, rows))

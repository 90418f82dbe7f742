"""What becomes of each task's return, rollout by rollout."""

from __future__ import annotations

import re

from ..excerpt import thinned
from ..run import Run
from .courses import add_course, course
from .style import COLOURS, DASHES, Figure, labelled, more_variants, plain
from .variants import cell, finish, grid, variants

MAX_PANELS = 8
MAX_ROLLOUTS = 200
TASK = re.compile(r"task/(.+)/return")
READING = (
    "Each line is a task's expected reward under the policy at a rollout's end, over all completions, on average over "
    "seeds{bands}."
)


def task_returns(run: Run) -> Figure | None:
    """A panel per variant, a line per task; needs returns by task over several rollouts."""
    tasks = {name: found[1] for name in run.metrics if (found := TASK.fullmatch(name))}
    if not tasks:
        return None
    rows = course(run, list(tasks), "rollout")
    if rows["rollout"].max() < 1:
        return None
    points = variants(run).first(MAX_PANELS)
    drawing = grid([run.labels[point] for point in points], height=130)
    for index, point in enumerate(points):
        own = rows[rows["point"] == point]
        own, where = own.iloc[thinned(len(own), MAX_ROLLOUTS)], cell(index, len(points))
        for number, (metric, task) in enumerate(tasks.items()):
            colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
            add_course(drawing, own, "rollout", metric, plain(task), colour, dash, index == 0, where)
    finish(drawing, len(points), "rollout", "return")
    reading = READING.format(
        bands=", shaded with its 95 % interval" * bool(rows.filter(like=":low").notna().any(axis=None))
    )
    reading += more_variants(rows["point"].nunique() - len(points))
    return Figure("task_returns", "The return, task by task", reading, drawing, data=labelled(run, rows))

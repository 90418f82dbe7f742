"""The return of each task, rollout by rollout."""

import pytest

from analysis.figures.task_returns import task_returns
from tests.analysis.figures.rows import UPDATES, known, update
from tests.analysis.made import made_run


def returns(rollout, number, near, far, seed=0, point=0):
    row = update(number, 1.0, point=point) | {"rollout": rollout, "seed": seed}
    return row | {"task/near/return": near, "task/<b>/return": far}


ROWS = [
    returns(0, 1, 0.1, 0.5), returns(0, 2, 0.2, 0.5), returns(1, 1, 0.3, 0.4), returns(1, 2, 0.4, 0.3),
]  # fmt: skip


def run_of(rows, **others):
    return known(made_run(rows, **others), **{"task__near__return": "final", "task__<b>__return": "final"})


def test_a_line_a_task_at_the_end_of_each_rollout():
    figure = task_returns(run_of(ROWS))
    lines = {line.name: (list(line.x), list(line.y)) for line in figure.drawing.data}
    assert lines == {"near": ([0, 1], [0.2, 0.4]), "&lt;b&gt;": ([0, 1], [0.5, 0.3])}
    assert figure.data["task/near/return"].tolist() == [0.2, 0.4]


def test_seeds_make_a_band():
    figure = task_returns(run_of(ROWS + [row | {"seed": 1, "task/near/return": 0.6} for row in ROWS]))
    line = next(trace for trace in figure.drawing.data if trace.name == "near" and not trace.fill)
    assert list(line.y) == [pytest.approx(0.4), pytest.approx(0.5)]
    # 12.7062 · s/√2, where s/√2 = 0.4/2 and 0.2/2
    assert figure.data["task/near/return:high"].tolist() == pytest.approx([0.4 + 2.54124, 0.5 + 1.27062], abs=1e-5)


def test_it_needs_tasks_and_several_rollouts():
    assert task_returns(made_run(UPDATES)) is None
    assert task_returns(run_of(ROWS[:2])) is None

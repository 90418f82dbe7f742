"""What Weights & Biases and trackio are told, by stand-ins that write down every call."""

import sys
import types

import numpy as np
import pytest

from analysis.exports import ExportError, export
from analysis.exports.formats import MAX_RUNS
from tests.analysis.exports.folder import NAMES, label, metrics


@pytest.fixture
def told(monkeypatch):
    """The calls, by either module, in order."""
    calls = []

    class Run:
        def log(self, row, step):
            calls.append(("log", row, step))

        def finish(self):
            calls.append(("finish",))

    def init(**options):
        calls.append(("init", options))
        return Run()

    for name in ("wandb", "trackio"):
        module = types.ModuleType(name)
        module.init = init
        module.log = lambda row, step: calls.append(("log", row, step))
        module.finish = lambda: calls.append(("finish",))
        monkeypatch.setitem(sys.modules, name, module)
    return calls


@pytest.mark.parametrize("tool", ["wandb", "trackio"])
def test_one_run_after_the_other_is_logged_update_by_update(run, told, tool):
    assert export(run, tool) is None
    assert [call[0] for call in told] == ["init", *["log"] * 6, "finish"] * 4
    begun = [call[1] for call in told if call[0] == "init"]
    assert {options["project"] for options in begun} == {"ratiodrift-by_hand"}
    assert [options["name"] for options in begun] == [f"{label(p)}/seed-{s}" for p in (0, 1) for s in (0, 1)]
    assert [options["group"] for options in begun] == [label(0)] * 2 + [label(1)] * 2
    shared = {"optimizer": NAMES[0], "optimizer.learning_rate": 0.1, "label": label(0), "point": 0}
    assert begun[1]["config"] == shared | {"seed": 1}
    rows = [call[1:] for call in told if call[0] == "log"]
    assert [step for _, step in rows] == [1, 2, 3, 4, 5, 6] * 4
    # the second run: point 0, seed 1; of its fifth step, rollout 1, update 2
    wanted = {name: value for name, value in metrics(0, 1, 1, 2).items() if value is not None}
    assert rows[6 + 4][0] == wanted
    assert "update/cos_grad" not in rows[0][0], "which is no number at the first update"
    assert rows[-1][0]["ratio/max"] == np.inf


def test_a_trainers_keys_are_logged(run, told):
    export(run, "trackio", metric_names="trl", where={"point": 0, "seed": 0})
    rows = [call[1] for call in told if call[0] == "log"]
    assert len(rows) == 6 and "clip_ratio/region_mean" in rows[3]


def test_many_runs_are_refused_before_any_is_begun(run, told, monkeypatch):
    monkeypatch.setitem(MAX_RUNS, "wandb", 1)
    with pytest.raises(ExportError, match="4 runs; wandb gets 1 at most"):
        export(run, "wandb")
    assert told == []


def test_a_place_of_its_own_cannot_be_chosen(run, told):
    with pytest.raises(ExportError, match="out: wandb keeps what it is told in a place of its own"):
        export(run, "wandb", out="here")
    assert told == []


@pytest.mark.parametrize("tool", ["wandb", "trackio"])
def test_without_the_package_it_says_what_to_install(run, monkeypatch, tool):
    monkeypatch.setattr("analysis.exports.formats.trackers.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, tool, raising=False)
    with pytest.raises(ExportError, match=rf"pip install 'ratiodrift\[{tool}\]'"):
        export(run, tool)

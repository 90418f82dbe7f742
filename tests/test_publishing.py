"""Between a run's last word and its place: a process may be killed before every single step."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from simulator import files as writing
from simulator import resume as resuming
from simulator import runs
from simulator.scenario.load import load
from simulator.storage.paths import finished
from tests.small import tables as small
from tests.stopping import names, tables
from tests.test_replay import scenario as replayed


class Killed(BaseException):
    """What nobody catches."""


class Steps:
    """Counts what is done with files and folders; before the n-th step the process dies."""

    def __init__(self, monkeypatch, last=None):
        self.count, self.last = 0, last

        def counted(does):
            def called(*args, **kwargs):
                self.count += 1
                if self.last is not None and self.count >= self.last:  # dead: nothing happens any more
                    raise Killed
                return does(*args, **kwargs)

            return called

        for name in ("replace", "rename", "mkdir", "unlink", "rmdir"):
            monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
        monkeypatch.setattr(resuming.shutil, "rmtree", counted(shutil.rmtree))
        monkeypatch.setattr(writing.os, "fsync", counted(os.fsync))


@pytest.fixture(scope="module")
def scenario():
    training = {"num_rollouts": 1, "group_size": 4, "seeds": 1}
    optimizer = {"name": "adam", "learning_rate": 0.1}
    return replace(load(small(training=training, optimizer=optimizer)), name="killed")


@pytest.mark.long
@pytest.mark.parametrize("again", [False, True])
def test_before_every_step(scenario, tmp_path, monkeypatch, again):
    runs.write_run(scenario, tmp_path / "undisturbed")
    expected = tables(tmp_path / "undisturbed")
    (tmp_path / "count").mkdir()
    with monkeypatch.context() as patch:
        steps = Steps(patch)
        runs.write_run(scenario, tmp_path / "undisturbed" if again else tmp_path / "count", again=again)
    assert steps.count > 10
    for number in range(1, steps.count + 1):
        out = tmp_path / "out"
        if again:
            runs.write_run(scenario, out)
        with monkeypatch.context() as patch:
            Steps(patch, last=number)
            with pytest.raises(Killed):
                runs.write_run(scenario, out, again=again)
        there = list(out.glob("killed-*"))
        if there:
            assert finished(there[0]) and tables(out) == expected, number
        runs.write_run(scenario, out)
        assert tables(out) == expected, number
        assert [name for name in names(out) if name.startswith(".")] == [".locks"], number
        shutil.rmtree(out)


def test_a_run_that_only_has_to_be_moved_is_not_computed(scenario, tmp_path, monkeypatch):
    written = runs.write_run(scenario, tmp_path)
    written.rename(resuming.unfinished(written))
    monkeypatch.setattr(runs, "_calibrated", None)
    assert runs.write_run(scenario, tmp_path) == written and finished(written)


def test_what_lies_in_a_runs_place_and_is_none_makes_room(scenario, tmp_path):
    written = runs.write_run(scenario, tmp_path)
    (written / "manifest.json").unlink()
    (written / "updates" / "stray").touch()
    runs.write_run(scenario, tmp_path)
    assert finished(written) and not (written / "updates" / "stray").exists()
    assert names(tmp_path) == [".locks", written.name]


@pytest.mark.parametrize("damage", ["nothing", "lost", "torn"])
def test_the_parameters_of_a_replay_are_there_after_a_kill(tmp_path, monkeypatch, damage):
    replay = replayed()
    whole = runs.write_run(replay, tmp_path / "undisturbed")

    def killed(path, params):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(runs, "_write_params", killed)
        with pytest.raises(Killed):
            runs.write_run(replay, tmp_path / "killed")
    for params in (tmp_path / "killed").glob(".*.partial/states/params-*"):
        if damage == "lost":
            params.unlink()
        if damage == "torn":
            params.write_bytes(params.read_bytes()[:100])
    again = runs.write_run(replay, tmp_path / "killed")
    assert (again / "params.npz").read_bytes() == (whole / "params.npz").read_bytes()

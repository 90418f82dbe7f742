"""Two processes that start the same run: one computes, the other waits and finds it."""

import json
import os
import signal
import threading
import time

import pytest

from simulator import resume as resuming
from simulator import runs
from simulator.scenario.load import load
from tests.engines.test_interrupts import SLOWLY
from tests.small import tables as small
from tests.stopping import check_whole, finish, names, parts, start, tables

pytestmark = pytest.mark.faults

WAITS = "another process is computing this very run: waiting for it"


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def first(tmp_path):
    """A process that computes, slowly, and has written something."""
    process = start(tmp_path, before=SLOWLY)
    wait_for(lambda: parts(tmp_path / "runs"))
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def waiting(process):
    """Read what a process says until it says that it waits."""
    said = ""
    while WAITS not in said:
        line = process.stderr.readline()
        assert line, said
        said += line


@pytest.mark.long
def test_the_second_waits_and_finds_it(tmp_path, first):
    second = start(tmp_path)
    waiting(second)
    assert finish(first)[0] == 0
    expected = tables(tmp_path / "runs")
    code, shown, said = finish(second)
    assert code == 0 and "the other process has finished it" in said
    assert "Killed" in shown
    assert tables(tmp_path / "runs") == expected
    check_whole(tmp_path / "runs")


@pytest.mark.long
def test_the_second_goes_on_where_the_first_is_killed(tmp_path, first):
    second = start(tmp_path)
    waiting(second)
    os.killpg(first.pid, signal.SIGKILL)
    code, _, said = finish(second)
    assert code == 0 and "the other process has stopped\ngoing on with an unfinished run" in said
    assert finish(start(tmp_path, out="undisturbed"))[0] == 0
    assert tables(tmp_path / "runs") == tables(tmp_path / "undisturbed")


@pytest.mark.long
def test_force_waits_and_computes_anew(tmp_path, first):
    second = start(tmp_path, "--force")
    waiting(second)
    assert finish(first)[0] == 0
    expected = tables(tmp_path / "runs")
    code, _, said = finish(second)
    assert code == 0 and "going on" not in said
    (manifest,) = (tmp_path / "runs").glob("*/manifest.json")
    assert json.loads(manifest.read_text())["command"].endswith(" --force")
    assert tables(tmp_path / "runs") == expected


def test_another_run_in_the_same_folder_does_not_wait(tmp_path):
    told = []
    with resuming.run_lock(tmp_path / "one", told.append), resuming.run_lock(tmp_path / "other", told.append):
        assert told == []


def test_threads_do_not_harm_each_other(tmp_path):
    scenario, told, written = load(small()), [], []
    threads = [
        threading.Thread(target=lambda: written.append(runs.write_run(scenario, tmp_path, tell=told.append)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(written)) == 1 and len(written) == 3
    assert names(tmp_path) == [".locks", written[0].name]
    assert told.count(WAITS) == told.count("the other process has finished it") == 2


def test_a_file_system_without_locks_is_said_and_used(tmp_path, monkeypatch):
    def acquire(self, timeout=None):
        raise OSError(resuming.NO_LOCKS[0], "No locks available")

    monkeypatch.setattr(resuming.FileLock, "acquire", acquire)
    told = []
    with resuming.run_lock(tmp_path / "one", told.append):
        pass
    assert "cannot be locked (No locks available): see to it that no other process" in told[0]

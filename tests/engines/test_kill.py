"""A run that is killed goes on from its last whole chunk, and its tables are those of a run that was not."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from tests.stopping import CHUNKS, check_whole, finish, names, parts, start, tables

pytestmark = pytest.mark.faults

PROCESSES = ("--engine", "processes", "--workers", "2")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A folder with a finished run and the programs that it has compiled; its tables."""
    here = tmp_path_factory.mktemp("undisturbed")
    code, _, said = finish(start(here, out="cold"))
    assert code == 0, said
    return here, tables(here / "cold")


@pytest.fixture(scope="module")
def usual(undisturbed):
    """How many seconds a run takes that is not disturbed, its programs compiled."""
    here, expected = undisturbed
    began = time.monotonic()
    assert finish(start(here, out="warm"))[0] == 0
    assert tables(here / "warm") == expected
    return time.monotonic() - began


def killed(process: subprocess.Popen, out, seconds: float, chunks: int, whole_group: bool = True) -> bool:
    """Kill a command after so many seconds, or so many chunks; False where it was done before."""
    end, chunks = time.monotonic() + seconds, parts(out) + chunks
    while time.monotonic() < end and process.poll() is None and parts(out) < chunks:
        time.sleep(0.002)
    if process.poll() is not None:
        return False
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
    finish(process)  # its pipes are open until the last of its processes has gone
    return True


def stop_and_go(undisturbed, moments, *arguments, **options):
    """Kill the command at each of these moments, (seconds, chunks), whichever comes first; then let it finish."""
    here, expected = undisturbed
    out = here / "runs"
    shutil.rmtree(out, ignore_errors=True)
    for seconds, chunks in moments:
        while not killed(start(here, *arguments), out, seconds, chunks, **options):
            assert tables(out) == expected
            shutil.rmtree(out)
        if out.exists():
            check_whole(out)
    code, _, said = finish(start(here, *arguments))
    assert code == 0, said
    assert tables(out) == expected
    assert [name for name in names(out) if name.startswith(".")] == [".locks"]
    return said


def test_a_run_that_is_killed_goes_on(undisturbed):
    said = stop_and_go(undisturbed, [(99, 5), (0.8, CHUNKS), (99, 15)])
    assert f"of {CHUNKS} chunks are there" in said


@pytest.mark.long
def test_workers_whose_driver_is_killed_go_away(undisturbed):
    stop_and_go(undisturbed, [(99, 5)], *PROCESSES, whole_group=False)


@pytest.mark.long
def test_twenty_random_moments(undisturbed, usual):
    draw = random.Random(20)
    early_and_late = [(0.02 * usual, CHUNKS), (0.95 * usual, CHUNKS), (99, 1), (99, CHUNKS)]
    anywhere = [(draw.random() * usual, CHUNKS) for _ in range(8)]
    computing = [(99, draw.randrange(1, 9)) for _ in range(8)]
    moments = early_and_late + anywhere + computing
    draw.shuffle(moments)
    assert len(moments) == 20
    stop_and_go(undisturbed, moments)


@pytest.mark.long
@pytest.mark.parametrize("whole_group", [True, False])
def test_workers_at_random_moments(undisturbed, usual, whole_group):
    draw = random.Random(21)
    moments = [(99, draw.randrange(1, 12)) for _ in range(3)] + [(draw.random() * usual, CHUNKS) for _ in range(2)]
    stop_and_go(undisturbed, moments, *PROCESSES, whole_group=whole_group)

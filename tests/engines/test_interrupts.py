"""Ctrl-C and SIGTERM stop a run at once, with a word on what is kept; it goes on from there."""

import os
import signal
import time

import pytest

from simulator.cli.progress import Progress
from tests.stopping import CHUNKS, SMALL_CHUNKS, check_whole, finish, parts, start, tables

pytestmark = pytest.mark.faults

SLOWLY = f"{SMALL_CHUNKS}; import time; from simulator.storage.chunks import RunFolder as F; w = F.write; F.write = "
SLOWLY += "lambda self, chunk: (time.sleep(0.05), w(self, chunk))"


def interrupted(here, number, *arguments, out="runs"):
    """Send a signal to the command's processes, as a terminal does, once something is written."""
    process = start(here, *arguments, before=SLOWLY, out=out)
    end = time.monotonic() + 60
    while parts(here / out) < 3 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(process.pid, number)
    code, shown, said = finish(process)
    assert shown == "" and "Traceback" not in said
    check_whole(here / out)
    return code, said.splitlines()[-2:]


@pytest.mark.long
@pytest.mark.parametrize("engine", ["inline", "processes"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_interrupted_goes_on(tmp_path, number, code, engine):
    assert finish(start(tmp_path, out="undisturbed"))[0] == 0
    found, (kept, last) = interrupted(tmp_path, number, "--engine", engine)
    assert found == code
    assert kept.endswith(f" of {CHUNKS} chunks are written and kept") and not kept.startswith("0 ")
    assert last == "stopped; a run keeps what it has written, and goes on from there when run again"
    done, _, said = finish(start(tmp_path, "--resume"))
    assert done == 0 and f"going on with an unfinished run: {kept.split()[0]} of {CHUNKS}" in said
    assert tables(tmp_path / "runs") == tables(tmp_path / "undisturbed")


@pytest.mark.parametrize("seconds", [0.1, 0.4])  # while modules are imported, where exceptions may be ignored
def test_ctrl_c_before_anything_is_there(tmp_path, seconds):
    process = start(tmp_path, before="from simulator.cli.main import main; print('up', flush=True)")
    process.stdout.readline()
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    code, _, said = finish(process)
    assert code == 130
    assert said == "stopped; a run keeps what it has written, and goes on from there when run again\n"


def test_the_rate_is_of_this_process(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with Progress() as progress:
        clock[0] = 150.0  # learning rates are being matched
        progress(9_000, 10_000)
        clock[0] = 170.0
        progress(9_200, 10_000)
    assert capsys.readouterr().err == "9,200 of 10,000 updates, 10 updates/s, 80 s left\n"


def test_who_stops_reading_does_not_stop_the_run(monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError

        def isatty(self):
            return False

    monkeypatch.setattr("sys.stderr", Closed())
    with Progress() as progress:
        progress.tell("nobody hears this")

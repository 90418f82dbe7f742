"""A disk that is full stops a run; what is written is whole, and kept, and the run goes on when there is room."""

import builtins
import errno
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from simulator import files as writing
from simulator import runs
from simulator.errors import ScenarioError, Stopped
from simulator.execution import limits as room
from simulator.execution import plan as sweep
from simulator.execution import program
from simulator.scenario.load import load
from tests.small import tables
from tests.stopping import CHUNKS, check_whole, finish, names, start
from tests.stopping import tables as written

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
KEPT = r"No space left on device \(.*\)\n\d of 3 chunks are written and kept\nmake room, then run it again: it goes on"


class Half:
    """A file on a full disk: half of what it is given arrives."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(memoryview(content)[: len(content) // 2])
        self.file.flush()
        raise FULL


class Disk:
    """Counts what is done with it: opening, writing, flushing, renaming, making folders; the n-th time it is full."""

    def __init__(self, monkeypatch, out, full_at=None):
        self.count, self.full_at = 0, full_at

        def counted(does, fails):
            def called(*args, **kwargs):
                self.count += 1
                return fails(*args, **kwargs) if self.count == self.full_at else does(*args, **kwargs)

            return called

        def full(*args, **kwargs):
            raise FULL

        def half(*args):
            return Half(builtins.open(*args))

        monkeypatch.setattr(writing, "open", counted(builtins.open, half), raising=False)
        monkeypatch.setattr(writing.os, "fsync", counted(os.fsync, full))
        for name in ("replace", "rename", "mkdir"):
            monkeypatch.setattr(Path, name, counted(getattr(Path, name), full))


@pytest.fixture
def scenario(monkeypatch):
    monkeypatch.setattr(sweep, "CHUNK_SECONDS", (1e-9, 1e-9))
    monkeypatch.setattr(program, "kept", lambda made_of, compile_it: compile_it())  # that writes only the first time
    training = {"num_rollouts": 3, "group_size": 4, "epochs": 2, "seeds": 1}
    optimizer = {"name": "adam", "learning_rate": 0.1}
    return replace(load(tables(training=training, optimizer=optimizer)), name="killed")


@pytest.mark.long
def test_every_write_may_be_the_one_that_fails(scenario, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        disk = Disk(patch, tmp_path)
        runs.write_run(scenario, tmp_path / "undisturbed")
    expected = written(tmp_path / "undisturbed")
    assert disk.count > 3 * len(expected)
    for number in range(1, disk.count + 1):
        out = tmp_path / str(number)
        with monkeypatch.context() as patch:
            Disk(patch, out, full_at=number)
            with pytest.raises((Stopped, ScenarioError)) as stopped:
                runs.write_run(scenario, out)
        if stopped.type is Stopped:
            assert stopped.match(KEPT)
        else:
            assert stopped.match("cannot be written: No space left on device")
            assert not list(out.glob(".*.partial"))
        assert [str(path) for path in out.rglob(".*.*") if ".partial" not in path.name] == []
        check_whole(out, chunks=3)
        runs.write_run(scenario, out)
        assert written(out) == expected, number
        assert [name for name in names(out) if name.startswith(".")] == [".locks"]
        shutil.rmtree(out)


def test_room_is_wanted_for_what_is_left_to_do(scenario, tmp_path, monkeypatch):
    todo = sweep.make_plan(scenario)
    needed = room.disk_bytes(todo)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: usage._replace(free=needed / 2))
    with pytest.raises(ScenarioError, match="would be written, and .* are free"):
        room.refuse_too_large("killed", todo, tmp_path)
    room.refuse_too_large("killed", todo, tmp_path, left=0.4)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of half a megabyte, where mounting one is permitted."""
    out = tmp_path / "disk"
    out.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", out], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield out
    subprocess.run(["umount", "-l", out], check=True)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["inline", "processes"])
def test_a_real_disk_that_is_full(small_disk, tmp_path, engine):
    assert finish(start(tmp_path, "--engine", engine, out="undisturbed"))[0] == 0
    code, _, said = finish(start(tmp_path, "--engine", engine, out="disk"))
    assert code == 3, said
    stopped, kept, do = said.splitlines()[-3:]
    assert stopped == f"stopped: No space left on device ({small_disk})"
    assert kept.endswith(f" of {CHUNKS} chunks are written and kept") and not kept.startswith("0 ")
    assert do == "make room, then run it again: it goes on from there"
    check_whole(small_disk)
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    code, _, said = finish(start(tmp_path, "--engine", engine, "--resume", out="disk"))
    assert code == 0, said
    assert "going on with an unfinished run" in said
    assert written(small_disk) == written(tmp_path / "undisturbed")

"""A Ray cluster of two nodes on this machine: one of them, or a worker, is killed in the middle, and the bytes stay."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import pytest

from simulator.engines import ray as ray_engine
from simulator.engines.base import engine
from simulator.engines.ray_cluster import joined
from simulator.errors import ScenarioError, Stopped
from simulator.runs import write_run
from simulator.scenario.load import load
from tests import stopping
from tests.engines import actors
from tests.engines.same import MIXED, shas
from tests.small import tables
from tests.stopping import finish, parts, start

faults = pytest.mark.faults
ON_RAY = ("--engine", "ray", "--workers", "2")
LOOPBACK = {"node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": 80 * 2**20}
ROLLOUTS = 150  # a chunk each: enough seconds to kill somebody in


@pytest.mark.long
def test_an_address_where_nobody_answers_is_refused_at_once(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(ScenarioError, match=f"--address: nothing answers at {address}"):
        write_run(load(tables()), tmp_path, engine=engine("ray", address=address))
    assert time.monotonic() - began < 10


def test_without_ray_the_engine_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ScenarioError, match=r"ray is not installed: pip install 'ratiodrift\[ray\]'"):
        write_run(load(tables()), tmp_path, engine=engine("ray"))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder to run in; all that Ray starts for its tests has another in its environment, with a short name."""
    with pytest.MonkeyPatch.context() as patch:
        temporary = tempfile.mkdtemp(prefix="ray-")
        patch.setenv("RAY_TMPDIR", temporary)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setattr(stopping, "SCENARIO", stopping.SCENARIO.replace("num_rollouts = 8", f"num_rollouts = {ROLLOUTS}"))
        yield tmp_path_factory.mktemp("cluster")
        shutil.rmtree(temporary, ignore_errors=True)


def processes(title: str = "") -> list[int]:
    """Those that were started for this file's tests and whose command begins so, but for this one."""
    mark, found = f"RAY_TMPDIR={os.environ['RAY_TMPDIR']}".encode(), []
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes() if ours else b""
        except OSError:
            continue
        if command.startswith(title.encode()) and command and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def gone(title: str = "", within: float = 20.0) -> bool:
    """Whether they have all ended, or do soon."""
    until = time.monotonic() + within
    while processes(title) and time.monotonic() < until:
        time.sleep(0.1)
    return not processes(title)


def wait_for_parts(run, out: Path, least: int) -> None:
    until = time.monotonic() + 120
    while parts(out) < least:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(here):
    """The tables that one process leaves."""
    code, _, said = finish(start(here, out="inline"))
    assert code == 0, said
    return stopping.tables(here / "inline")


@pytest.fixture
def cluster(here):
    """A head and another node, a core each, that nobody can reach from outside."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **LOOPBACK})
    nodes.add_node(num_cpus=1, **LOOPBACK)
    yield nodes
    nodes.shutdown()
    assert gone()


def listens_outside() -> list[str]:
    """What listens on other addresses than this machine's own, by inode."""
    found = []
    for table in ("tcp", "tcp6"):
        rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        open_to_all = {"00000000", "0" * 32}
        inodes = {row[9] for row in rows if row[3] == "0A" and row[1].split(":")[0] in open_to_all}
        for pid in processes():
            links = (os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink())
            found += [f"{pid} {link}" for link in links if link.removeprefix("socket:[").rstrip("]") in inodes]
    return found


@faults
def test_a_node_that_is_lost_changes_nothing(here, undisturbed, cluster):
    assert listens_outside() == []
    run = start(here, *ON_RAY, "--address", cluster.address, out="node")
    wait_for_parts(run, here / "node", ROLLOUTS // 2)
    assert len(processes("ray::Actor")) == 2
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    assert run.poll() is None
    code, _, said = finish(run)
    assert code == 0, said
    assert stopping.tables(here / "node") == undisturbed
    assert gone("ray::Actor")  # the cluster is left as it was found


@faults
def test_a_worker_that_is_lost_changes_nothing(here, undisturbed, cluster):
    run = start(here, *ON_RAY, "--address", cluster.address, out="worker")
    wait_for_parts(run, here / "worker", ROLLOUTS // 2)
    os.kill(processes("ray::Actor")[0], signal.SIGKILL)
    code, _, said = finish(run)
    assert code == 0, said
    assert stopping.tables(here / "worker") == undisturbed


@faults
def test_more_workers_than_cores_do_not_wait_for_each_other(here, undisturbed, cluster):
    code, _, said = finish(start(here, *ON_RAY[:-1], "5", "--address", cluster.address, out="many"))
    assert code == 0, said
    assert stopping.tables(here / "many") == undisturbed


@faults
def test_ctrl_c_stops_everybody_and_the_run_goes_on_from_there(here, undisturbed):
    run = start(here, *ON_RAY, out="stopped")
    wait_for_parts(run, here / "stopped", ROLLOUTS // 2)
    os.killpg(run.pid, signal.SIGINT)
    code, _, said = finish(run)
    assert code == 130 and "Traceback" not in said and "stopped" in said
    assert gone()
    code, _, said = finish(start(here, *ON_RAY, out="stopped"))
    assert code == 0 and "going on" in said
    assert stopping.tables(here / "stopped") == undisturbed
    assert gone()


@faults
def test_ray_says_nothing(here):
    code, _, said = finish(start(here, *ON_RAY, out="quiet"))
    assert code == 0
    assert [line for line in said.splitlines() if "updates" not in line] == []


@pytest.fixture(scope="module")
def local(here):
    """A cluster of this machine, joined already."""
    ray = pytest.importorskip("ray")
    with joined(ray, 2, "local"):
        yield
    assert gone()


@faults
def test_a_worker_that_always_dies_stops_the_run(local, monkeypatch, tmp_path):
    monkeypatch.setattr(ray_engine, "Actor", actors.Hopeless)
    with pytest.raises(Stopped, match="workers are lost again and again .*memory enough"):
        write_run(load(tables()), tmp_path, engine=engine("ray", 2))


@faults
def test_a_folder_that_not_all_machines_see_is_named(local, monkeypatch, tmp_path):
    monkeypatch.setattr(ray_engine, "Actor", actors.Elsewhere)
    with pytest.raises(Stopped, match="work.pickle is not there on machine .*all machines have to see"):
        write_run(load(tables()), tmp_path, engine=engine("ray", 2))


@faults
def test_a_worker_computes_on_one_core(local, monkeypatch, tmp_path):
    monkeypatch.setattr(ray_engine, "Actor", actors.Measured)
    assert shas(write_run(load(MIXED), tmp_path, engine=engine("ray", 1)))

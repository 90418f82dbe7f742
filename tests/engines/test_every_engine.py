"""Every engine leaves the same bytes, however many workers or devices it has."""

import json
import os
import pickle
from pathlib import Path

import jax
import pytest

from simulator.engines.base import Engine, engine
from simulator.engines.ray_cluster import joined
from simulator.engines.worker import Work
from simulator.execution import plan as sweep
from simulator.execution.plan import make_plan
from simulator.execution.program_cache import Cache
from simulator.runs import write_run
from simulator.scenario.load import load
from simulator.storage.chunks import RunFolder
from simulator.storage.tables import swept_columns
from tests import fresh
from tests.engines.same import SCENARIOS, SMALL, shas

long = pytest.mark.long
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Programs are compiled once and read by all workers, and several blocks and chunks make a job of seconds."""
    before, folder = Cache.now(), str(tmp_path_factory.mktemp("programs"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(sweep, name, value)
        Cache((folder, 0.0, -1)).use()
        jax.experimental.compilation_cache.compilation_cache.reset_cache()
        yield folder
    before.use()
    jax.experimental.compilation_cache.compilation_cache.reset_cache()


@pytest.fixture(scope="module")
def cluster():
    """A Ray cluster that this process has joined, so that not every run starts one."""
    import ray

    with joined(ray, 2, "local"):
        yield


@pytest.fixture(scope="module")
def expected(tmp_path_factory, cache):
    """What this process leaves, by scenario."""
    found = {}

    def of(name: str) -> dict[str, str]:
        if name not in found:
            found[name] = shas(write_run(load(SCENARIOS[name]), tmp_path_factory.mktemp(name)))
        return found[name]

    return of


WITH_CORES = """
import os
os.environ["XLA_FLAGS"] = {flags!r}
import json, pathlib, jax
jax.config.update("jax_num_cpu_devices", {cores})
from simulator.execution.program_cache import Cache
Cache(({cache!r}, 0.0, -1)).use()
from simulator.execution import plan as sweep
for name, value in {small!r}.items():
    setattr(sweep, name, value)
from simulator.runs import write_run
from simulator.scenario.load import load
from tests.engines.same import SCENARIOS, shas
print(json.dumps([jax.device_count(), shas(write_run(load(SCENARIOS[{name!r}]), pathlib.Path({out!r})))]))
"""


@pytest.mark.parametrize(
    ("name", "cores", "anew"),
    [("mixed", 2, False), *(pytest.param(name, count, True, marks=long) for name in SCENARIOS for count in (1, 3))],
)
def test_one_process_leaves_the_same_bytes_on_any_number_of_cores(name, cores, anew, expected, cache, tmp_path):
    """Also where it compiles anew: not even the compiler may take notice of how many there are."""
    flags, kept = os.environ.get("XLA_FLAGS", ""), None if anew else cache
    code = WITH_CORES.format(flags=flags, cores=cores, cache=kept, small=SMALL, name=name, out=str(tmp_path))
    count, found = json.loads(fresh.python(code).splitlines()[-1])
    assert count == cores and found == expected(name)


@long
def test_processes_that_compile_for_themselves_leave_the_same_bytes(expected, tmp_path):
    before = Cache.now()
    Cache((None, 0.0, -1)).use()
    try:
        assert shas(write_run(load(SCENARIOS["mixed"]), tmp_path, engine=engine("processes", 2))) == expected("mixed")
    finally:
        before.use()


@pytest.mark.parametrize(
    ("name", "workers"),
    [
        ("mixed", 2),
        *(pytest.param(name, count, marks=long) for name in SCENARIOS for count in (1, 2, 4)),
    ],
)
def test_processes_leave_the_same_bytes(name, workers, expected, tmp_path):
    directory = write_run(load(SCENARIOS[name]), tmp_path, engine=engine("processes", workers))
    assert shas(directory) == expected(name)


@pytest.mark.parametrize(
    ("name", "workers"),
    [("single", 2), *(pytest.param(name, count, marks=long) for name in SCENARIOS for count in (1, 2))],
)
def test_ray_leaves_the_same_bytes(name, workers, expected, cluster, tmp_path):
    directory = write_run(load(SCENARIOS[name]), tmp_path, engine=engine("ray", workers))
    assert shas(directory) == expected(name)
    assert not {"work.pickle", "states", "identity.json"} & {path.name for path in directory.iterdir()}


def test_the_scenarios_have_several_jobs_of_several_chunks(cache):
    plans = {name: make_plan(load(tables)) for name, tables in SCENARIOS.items()}
    assert all(len(todo.structures) == 1 + (name == "mixed") for name, todo in plans.items())
    assert all(todo.num_jobs >= 3 and min(todo.chunks_of_jobs) >= 4 for todo in plans.values())
    assert any(its.lanes % its.lane_width for its in plans["mixed"].layouts)  # a block that is filled up


@pytest.mark.parametrize("name", SCENARIOS)
def test_work_can_be_sent(name):
    scenario = load(SCENARIOS[name])
    work = Work(make_plan(scenario), RunFolder(Path("runs"), swept_columns(scenario), list(scenario.metrics)))
    sent = pickle.loads(pickle.dumps(work))
    assert sent.plan.describe() == work.plan.describe() and sent.folder == work.folder
    for ours, theirs in zip(work.plan.structures, sent.plan.structures, strict=True):
        assert jax.tree.structure(ours.stacked) == jax.tree.structure(theirs.stacked)


@pytest.mark.parametrize("name", ["inline", "processes", "ray"])
def test_each_is_an_engine(name):
    assert isinstance(engine(name), Engine)
    assert engine(name).elsewhere == (name != "inline")

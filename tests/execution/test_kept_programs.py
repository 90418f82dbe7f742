"""A program that is kept is the program that was compiled; what could be another one is compiled."""

import pickle
from dataclasses import replace

import jax
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.execution import program
from simulator.execution import program_cache as kept_programs
from simulator.execution.compute import execute
from simulator.execution.plan import make_plan
from tests import small

pytestmark = pytest.mark.long


def tables(**changes):
    return small.tables(**{"record": {"probes": ["reward"]}, "headline": "reward/mean", **changes})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache folder of its own, where jax itself keeps nothing; nothing that was compiled before is at hand."""
    monkeypatch.setattr(program, "kept", kept_programs.kept)
    settings = {"jax_compilation_cache_dir": str(tmp_path), "jax_persistent_cache_min_compile_time_secs": 3600.0}
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    program._compiled.cache_clear()
    yield tmp_path / "programs"
    for name, value in before.items():
        jax.config.update(name, value)
    program._compiled.cache_clear()


def results(scenario):
    program._compiled.cache_clear()
    return [jax.tree.leaves(chunk.trace) for chunk in execute(make_plan(scenario))]


def files(folder):
    return sorted(path.name for path in folder.glob("*"))


def test_the_kept_program_gives_the_same_bytes_without_being_traced(folder, monkeypatch):
    scenario = sim.load(tables())
    first = results(scenario)
    assert len(files(folder)) == 1
    monkeypatch.setattr(program, "_chunk", lambda *_, **__: pytest.fail("traced again"))
    again = results(scenario)
    for before, after in zip(first, again, strict=True):
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": {"name": "dapo"}},
        {"optimizer": {"name": "sgd", "learning_rate": 0.1}},
        {"training": {"num_rollouts": 3, "group_size": 4, "epochs": 2, "seeds": 2}},
        {"environment": {"kind": "bandit", "rewards": [[1.0, 0.5, 0.0, 0.0]]}},
        {"record": {"probes": ["ratio"]}, "headline": "ratio/max"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_structure_is_another_program(folder, changes):
    results(sim.load(tables()))
    results(sim.load(tables(**changes)))
    assert len(files(folder)) == 2


def test_other_numbers_are_the_same_program(folder):
    results(sim.load(tables()))
    results(sim.load(tables(environment={"kind": "bandit", "rewards": [[3.0, -0.5, 0.1]]})))
    assert len(files(folder)) == 1


@pytest.mark.parametrize("changed", ["code", "processor"])
def test_a_change_of_the_code_or_the_processor_is_another_program(folder, monkeypatch, changed):
    results(sim.load(tables()))
    monkeypatch.setattr(kept_programs, "_fixed_surroundings", lambda: (changed,))
    results(sim.load(tables()))
    assert len(files(folder)) == 2


def test_a_damaged_file_is_compiled_and_written_again(folder):
    first = results(sim.load(tables()))
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    again = results(sim.load(tables()))
    np.testing.assert_array_equal(first[0][0], again[0][0])
    assert len(kept.read_bytes()) > len(whole) // 2


def test_an_optimizer_of_ones_own_is_not_kept_since_its_code_may_change(folder):
    scenario = sim.load(tables(optimizer={"name": "sgd", "learning_rate": 0.1}))
    own = sim.optimizer(optax.sgd(0.1))
    points = [replace(point, experiment=replace(point.experiment, optimizer=own)) for point in scenario.points]
    results(replace(scenario, points=points))
    assert files(folder) == []


def test_nothing_is_kept_where_no_folder_is_named(folder):
    jax.config.update("jax_compilation_cache_dir", None)
    results(sim.load(tables()))
    assert files(folder) == []


def test_what_another_user_could_have_written_is_not_unpickled(folder, monkeypatch):
    scenario = sim.load(tables())
    results(scenario)
    (path,) = folder.glob("*")
    planted = folder.parent / "planted"
    path.write_bytes(pickle.dumps(Planted(str(planted))))
    path.chmod(0o666)
    results(scenario)
    assert not planted.exists()
    path.chmod(0o600)
    with monkeypatch.context() as another:
        another.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
        results(scenario)
    assert not planted.exists()
    path.write_bytes(pickle.dumps(Planted(str(planted))))
    results(scenario)
    assert planted.exists()  # the test could fail: a file of this user's own is read


class Planted:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_folder_that_others_can_write_into_keeps_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "cache").mkdir(mode=0o777)
    (tmp_path / "cache").chmod(0o777)
    monkeypatch.setenv("RATIODRIFT_CACHE", str(tmp_path / "cache"))
    before = jax.config.jax_compilation_cache_dir
    kept_programs.keep_compiled_programs()
    assert jax.config.jax_compilation_cache_dir == before
    assert "others could write there" in capsys.readouterr().err


def test_the_folder_is_made_for_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("RATIODRIFT_CACHE", str(tmp_path / "cache"))
    before = kept_programs.Cache.now()
    kept_programs.keep_compiled_programs()
    before.use()
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700

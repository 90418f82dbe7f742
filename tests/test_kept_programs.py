"""A program that is kept is the program that was compiled; what could be another one is compiled."""

from dataclasses import replace

import jax
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.execution import program
from simulator.execution import program_cache as kept_programs
from simulator.execution.compute import execute
from simulator.execution.plan import plan
from tests import small

pytestmark = pytest.mark.long


def tables(**changes):
    return small.tables(**{"record": {"probes": ["reward"]}, **changes})


@pytest.fixture
def folder(tmp_path):
    """A cache folder of its own; nothing that was compiled before is at hand."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    program._compiled.cache_clear()
    yield tmp_path / "programs"
    jax.config.update("jax_compilation_cache_dir", before)
    program._compiled.cache_clear()


def results(scenario):
    program._compiled.cache_clear()
    return [jax.tree.leaves(chunk.trace) for chunk in execute(plan(scenario))]


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
        {"record": {"probes": ["ratio"]}},
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

"""What other processes cannot know is refused before anything starts; what packages offer, they find."""

import json
import os
import subprocess
import sys

import optax
import pytest

import simulator as sim
from simulator.engines.base import engine
from simulator.engines.picklable import refuse_what_stays_here
from simulator.errors import ScenarioError
from simulator.optimizers.registry import GROUP, OPTIMIZERS
from simulator.runs import write_run
from tests import fresh
from tests.installed import install
from tests.small import tables

ELSEWHERE = ["processes", "ray"]


def known_here(learning_rate: float) -> optax.GradientTransformation:
    return optax.sgd(learning_rate)


@pytest.fixture
def add(monkeypatch):
    monkeypatch.setattr(OPTIMIZERS, "_read", dict(OPTIMIZERS._read))
    return OPTIMIZERS.add


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_optimizer_added_from_python_is_refused(name, add, tmp_path):
    add(known_here)
    scenario = sim.load(tables(optimizer={"name": "known_here", "learning_rate": 0.1}))
    with pytest.raises(ScenarioError, match="optimizer.name: 'known_here' was added from Python.*inline.*entry point"):
        write_run(scenario, tmp_path / "runs", engine=engine(name, 1))
    assert not (tmp_path / "runs").exists()


def test_so_is_one_that_is_only_a_twin(add):
    add(known_here)
    optimizer = {"name": "adam", "learning_rate": 0.1, "twin": {"name": "known_here", "learning_rate": 0.1}}
    with pytest.raises(ScenarioError, match="'known_here'"):
        refuse_what_stays_here(sim.load(tables(optimizer=optimizer)))


def test_this_process_may_use_it(add, tmp_path):
    add(known_here)
    scenario = sim.load(tables(optimizer={"name": "known_here", "learning_rate": 0.1}, record={"probes": ["ratio"]}))
    assert write_run(scenario, tmp_path, engine=engine("inline")).is_dir()


def test_what_everybody_knows_is_not_refused():
    refuse_what_stays_here(sim.load(tables(optimizer={"name": "adam", "learning_rate": 0.1})))


def test_a_class_of_this_program_alone_is_refused(monkeypatch):
    from simulator.environments.bandit import Bandit

    scenario = sim.load(tables())
    monkeypatch.setattr(Bandit, "__module__", "__main__")
    with pytest.raises(ScenarioError, match="the class Bandit is of this program alone.*into a module"):
        refuse_what_stays_here(scenario)


OFFERED = "def offered(learning_rate: float):\n    import optax\n    return optax.sgd(2 * learning_rate)\n"
SESSION = """
import sys
if __name__ == "__main__":
    from simulator.cli.main import main
    sys.exit(main(["run", "offered.toml", "--no-cache", "--engine", {name!r}, "--workers", "1", "--out", {name!r}]))
"""
SCENARIO = """
title = "Offered"
question = "Is it found?"
environment = { kind = "bandit", rewards = [[1.0, 0.0]] }
method = { name = "dr_grpo" }
optimizer = { name = "offered", learning_rate = 0.1 }
training = { num_rollouts = 1, group_size = 2 }
record = { probes = ["ratio"] }
"""


@pytest.mark.long
@pytest.mark.parametrize("name", ELSEWHERE)
def test_workers_find_what_an_installed_package_offers(name, tmp_path):
    (tmp_path / "shelf.py").write_text(OFFERED)
    install(tmp_path, "shelf", {GROUP: {"offered": "shelf:offered"}})
    (tmp_path / "offered.toml").write_text(SCENARIO)
    (tmp_path / "session.py").write_text(SESSION.format(name=name))
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{fresh.ROOT}"}
    done = subprocess.run(
        [sys.executable, "session.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (manifest,) = (tmp_path / name).glob("offered-*/manifest.json")
    assert json.loads(manifest.read_text())["status"] == "complete"

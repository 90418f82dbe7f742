"""A run directory has all that was computed, and is there whole or not at all."""

import json
import os
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import analysis
from simulator import files as writing
from simulator import runs
from simulator.cli.main import main
from simulator.errors import ScenarioError
from simulator.loop import simulate
from simulator.scenario.load import load
from simulator.storage import paths as run_directory
from tests.small import tables


@pytest.fixture(scope="module")
def scenario():
    return load(tables())


@pytest.fixture(scope="module")
def directory(scenario, tmp_path_factory):
    return runs.write_run(scenario, tmp_path_factory.mktemp("runs"))


def test_the_updates_table_is_what_simulate_returns(scenario, directory):
    updates = pd.read_parquet(directory / "updates")
    assert len(updates) == 2 * 2 * 2 * 2  # points, seeds, rollouts, updates
    for point, seed in ((0, 0), (1, 1)):
        trace = jax.jit(simulate)(scenario.points[point].experiment, jax.random.key(seed))
        own = updates[(updates["point"] == point) & (updates["seed"] == seed)].sort_values(["rollout", "update"])
        assert own["optimizer.learning_rate"].unique() == [(0.01, 0.1)[point]]
        for name, values in trace.metrics.items():
            np.testing.assert_allclose(own[name], np.ravel(values), rtol=1e-12, atol=1e-15, err_msg=name)


def test_what_an_option_means_beside_its_name_is_told_and_kept(tmp_path):
    trap = tables(method={"dialect": "trl", "name": "cispo"}, record={"probes": ["ratio"]})
    with pytest.warns(UserWarning, match="CISPO's cap is epsilon = 0.2"):
        directory = runs.run(trap, out=tmp_path)
    ((key, _),) = json.loads((directory / "manifest.json").read_text())["warnings"]
    assert key == "method.epsilon_high"


def test_the_manifest_says_what_was_run(directory):
    manifest = json.loads((directory / "manifest.json").read_text())
    assert (manifest["schema_version"], manifest["status"]) == (run_directory.SCHEMA_VERSION, "complete")
    assert manifest["plan"]["updates"] == 2 * 2 * 2 * 2
    run = analysis.load(directory)
    assert run.values(1) == {"optimizer.learning_rate": 0.1}
    # what the file left out is filled in, optax's own defaults too
    assert run.experiment(1)["optimizer"]["b2"] == 0.999
    assert run.experiment(1)["surrogate"]["reduction"]["kind"] == "constant_length"


def test_a_run_that_breaks_off_keeps_what_is_written_out_of_sight(scenario, tmp_path):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    told = []
    with pytest.raises(KeyboardInterrupt):
        runs.write_run(scenario, tmp_path, stop, tell=told.append)
    assert list(tmp_path.glob("[!.]*")) == []
    runs.write_run(scenario, tmp_path, tell=told.append)
    assert told == ["1 of 1 chunks are written and kept", "going on with an unfinished run: 1 of 1 chunks are there"]


def test_progress_is_told_in_updates(scenario, tmp_path):
    told = []
    runs.write_run(scenario, tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(0, 16), (16, 16)]


def test_the_same_question_has_the_same_place(scenario, tmp_path):
    assert run_directory.directory_of(load(tables()), tmp_path) == run_directory.directory_of(scenario, tmp_path)
    other = load(tables(), [("optimizer.learning_rate", 0.3)])
    assert run_directory.directory_of(other, tmp_path) != run_directory.directory_of(scenario, tmp_path)


def test_a_finished_run_is_found_again(directory):
    assert run_directory.finished(directory)
    before = (directory / "manifest.json").stat().st_mtime_ns
    assert runs.run(tables(), out=directory.parent) == directory
    assert (directory / "manifest.json").stat().st_mtime_ns == before


def test_another_title_finds_the_same_run_and_its_page_is_made_anew(directory):
    analysis.complete(directory)
    tables_before = {path: path.read_bytes() for path in directory.rglob("updates/*.parquet")}
    changed = tables(title="Another title")
    assert runs.run(changed, out=directory.parent) == directory
    assert not (directory / "report.html").exists()
    assert "Another title" in (analysis.complete(directory).directory / "report.html").read_text()
    assert {path: path.read_bytes() for path in directory.rglob("updates/*.parquet")} == tables_before
    runs.run(tables(), out=directory.parent)


@pytest.mark.long
def test_a_label_that_changes_is_the_label_of_every_row(tmp_path):
    adam = {"name": "adam", "learning_rate": 0.1}
    pair = [adam, {"name": "sgd", "learning_rate": 0.1}]
    directory = runs.run(tables(optimizer=pair), out=tmp_path)
    pair = [{**adam, "label": "first"}, pair[1]]
    assert runs.run(tables(optimizer=pair), out=tmp_path) == directory
    assert set(analysis.load(directory).updates["label"]) == {"first", "sgd"}
    assert set(analysis.load(directory).updates["optimizer"]) == {"first", "sgd"}


def test_a_run_under_the_name_that_an_earlier_version_gave_it_is_found(scenario, tmp_path):
    written = runs.write_run(scenario, tmp_path)
    earlier = written.rename(tmp_path / f"{scenario.name}-0123abcd")
    assert runs.write_run(scenario, tmp_path) == earlier
    assert not written.exists()
    assert runs.run(tables(), {"training.seeds": 3}, out=tmp_path) != earlier


@pytest.mark.long
def test_the_library_and_the_command_ask_the_same_question_and_refuse_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = "momentum_overshoot"
    taken_away = ("optimizer", [{"name": "adamw", "learning_rate": 0.02}])
    with pytest.warns(UserWarning, match="is left out, as things are set"):
        directory = runs.run(name, dict([taken_away, ("training.num_rollouts", 1)]), seeds=2, out="runs")
    setting = "optimizer=[{name='adamw', learning_rate=0.02}]"
    command = ["run", name, "--set", setting, "--set", "training.num_rollouts=1", "--seeds", "2"]
    assert main(command) in (0, 1)
    assert "has run before" in capsys.readouterr().out
    assert [path.resolve() for path in Path("runs").glob(f"{name}-*")] == [directory.resolve()]
    wrong = tables(claim=[{"says": "So", "metric": "ratio/maxx", "predicted": 1.0, "tolerance": 0.1}])
    with pytest.raises(ScenarioError, match=r"claim\[0\].metric: unknown 'ratio/maxx'; did you mean 'ratio/max'"):
        load(wrong)


def test_a_run_of_another_schema_version_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text('{"schema_version": 99}')
    with pytest.raises(ScenarioError, match="schema version 99, this is version 2"):
        run_directory.finished(tmp_path)


def test_out_must_be_a_directory_that_can_be_written(scenario, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ScenarioError, match="cannot be written"):
        runs.write_run(scenario, tmp_path / "file")


def test_files_are_written_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    writing.write_whole(path, b"old")

    def break_off(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", break_off)
    with pytest.raises(OSError, match="no space left"):
        writing.write_whole(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.long
def test_float32_is_an_option_that_computes_in_float32(tmp_path):
    training = {"num_rollouts": 1, "group_size": 4, "precision": "float32"}
    directory = runs.write_run(load(tables(training=training)), tmp_path)
    values = pd.read_parquet(directory / "updates")["ratio/max"]
    assert values.dtype == np.float32


def test_a_run_that_diverges_is_marked_and_the_others_go_on(tmp_path):
    optimizer = {"name": "sgd", "learning_rate": {"values": [0.1, 1e308]}}
    environment = {"kind": "bandit", "rewards": [[1.0, 0.5, 0.0]], "reward_scale": 1e308}
    directory = runs.write_run(load(tables(optimizer=optimizer, environment=environment)), tmp_path)
    diverged = pd.read_parquet(directory / "updates").groupby("optimizer.learning_rate")["diverged"].max()
    assert diverged.loc[1e308] == 1.0


@pytest.mark.long
def test_parts_of_different_structures_have_the_same_columns(tmp_path):
    methods = [{"name": "cispo"}, {"name": "grpo", "clip_low": {"values": [0.1, 0.2]}}]
    optimizers = [
        {"name": "adam", "learning_rate": 0.1, "b1": {"values": [0, 0.9]}},
        {"name": "sgd", "learning_rate": 1},
    ]
    directory = runs.write_run(load(tables(method=methods, optimizer=optimizers)), tmp_path)
    schemas = {str(pq.read_schema(part).remove_metadata()) for part in (directory / "updates").iterdir()}
    assert len(schemas) == 1
    updates = pd.read_parquet(directory / "updates")
    # the gate of CISPO silences nothing: its clip is null, not zero; so is the b1 that SGD does not have
    assert updates["clip/active"].isna().equals(updates["method"] == "cispo")
    assert updates["optimizer.b1"].isna().equals(updates["optimizer"] == "sgd")
    assert updates["method.clip_low"].dropna().unique().tolist() == [0.1, 0.2]


def test_an_axis_of_numbers_and_tables_is_a_column_of_text(tmp_path):
    schedule = {"schedule": "linear_schedule", "init_value": 0.1, "end_value": 0.0, "transition_steps": 4}
    optimizer = {"name": "sgd", "learning_rate": {"values": [0.1, schedule]}}
    directory = runs.write_run(load(tables(optimizer=optimizer)), tmp_path)
    values = pd.read_parquet(directory / "updates")["optimizer.learning_rate"].unique().tolist()
    assert values == ["0.1", json.dumps(schedule)]


def test_a_run_of_other_numbers_is_not_found_whatever_its_scenario_has_become(tmp_path):
    # as where a default has changed since: the numbers that were computed are those of the manifest's points
    directory = runs.run(tables(), out=tmp_path)
    moved = directory.rename(tmp_path / f"{directory.name[:-8]}00000000")
    assert runs.run(tables(), out=tmp_path) == moved
    manifest = json.loads((moved / "manifest.json").read_text())
    manifest["points"]["parts"]["training"]["shared"]["epochs"] = 7
    (moved / "manifest.json").write_text(json.dumps(manifest))
    assert runs.run(tables(), out=tmp_path) == directory


def test_completing_a_run_removes_what_was_left_half_written_and_nothing_else(tmp_path):
    directory = runs.run(tables(), out=tmp_path)
    (directory / ".summary.parquet.0123").write_bytes(b"half")
    (directory / ".mine").write_text("a user's")
    (directory / ".folder").mkdir()
    analysis.complete(directory)
    assert sorted(path.name for path in directory.glob(".*")) == [".folder", ".mine"]

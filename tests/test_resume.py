"""What lies there of a run is taken up where the rest would fit, and nothing else is; what is done is found."""

import json
from dataclasses import replace

import pytest

from simulator import runs
from simulator.engines.inline import Inline
from simulator.errors import ScenarioError
from simulator.execution import plan as sweep
from simulator.scenario.load import load
from tests.small import tables
from tests.stopping import names
from tests.stopping import tables as written

MATCHED = {"name": "sgd", "learning_rate": {"match": "first_update_kl", "to": 0.001}}


class Broken(Exception):
    """What stops a run in these tests."""


def small(**changes):
    training = {"num_rollouts": 4, "group_size": 4, "epochs": 2, "seeds": 3}
    return replace(load(tables(training=training, **changes)), name="killed")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(sweep, "CHUNK_SECONDS", (1e-9, 1e-9))


@pytest.fixture(scope="module")
def scenario():
    return small()


@pytest.fixture(scope="module")
def expected(scenario, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "CHUNK_SECONDS", (1e-9, 1e-9))
        runs.write_run(scenario, out)
    return written(out)


def stop_after(count):
    """An engine that computes in this process, and breaks off after so many chunks."""

    class Breaking:
        elsewhere = False

        def run(self, work, numbers):
            for done, _ in enumerate(Inline().run(work, numbers)):
                if done == count:
                    raise Broken
                yield

    return Breaking()


def stopped(scenario, out, count=3):
    with pytest.raises(Broken):
        runs.write_run(scenario, out, engine=stop_after(count))
    (folder,) = out.glob(".*.partial")
    return folder


def go_on(scenario, out, **options):
    """What was told on the way."""
    told = []
    runs.write_run(scenario, out, tell=told.append, **options)
    check = [name for name in names(out) if name.startswith(".")]
    assert check == [".locks"]
    return told


def test_a_run_that_breaks_off_goes_on(scenario, expected, tmp_path):
    folder = stopped(scenario, tmp_path)
    assert names(tmp_path) == [folder.name, ".locks"]
    (sentence,) = go_on(scenario, tmp_path, resume=True)
    assert sentence.startswith("going on with an unfinished run: ") and sentence.endswith(" of 8 chunks are there")
    assert written(tmp_path) == expected
    assert go_on(scenario, tmp_path) == []  # it is found


@pytest.mark.parametrize("state", [b"", b"PK\x03\x04 torn", None])
def test_a_job_whose_state_is_damaged_begins_anew(scenario, expected, tmp_path, state):
    folder = stopped(scenario, tmp_path)
    for path in (folder / "states").iterdir():
        path.unlink() if state is None else path.write_bytes(state)
    go_on(scenario, tmp_path)
    assert written(tmp_path) == expected


def test_stray_files_do_not_disturb(scenario, expected, tmp_path):
    folder = stopped(scenario, tmp_path)
    for name in ("part-0000099-00000.parquet", "part-0000000-00099.parquet", "part-0-0.parquet", "notes.txt", ".torn"):
        (folder / "updates" / name).write_text("stray")
        (folder / "ratios" / name).write_text("stray")
    (folder / "updates" / "folder").mkdir()
    (folder / ".manifest.json.0123").write_text("torn")
    go_on(scenario, tmp_path)
    assert written(tmp_path) == expected


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("versions", {"jax": "0.1"}, "its python was None, and is "),
        ("plan", {}, "it was cut into other chunks"),
        ("machine", "abacus", "its machine was abacus, and is "),
        ("numbers", "", "its learning rates were matched otherwise"),
    ],
)
def test_what_would_not_fit_is_begun_anew(scenario, expected, tmp_path, key, value, reason):
    file = stopped(scenario, tmp_path) / "identity.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(ScenarioError, match="--resume: there is no run to go on with"):
        runs.write_run(scenario, tmp_path, resume=True)
    told, what_follows = go_on(scenario, tmp_path)
    assert reason in told and what_follows.startswith("it begins anew")
    assert written(tmp_path) == expected


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_identity_is_begun_anew(scenario, expected, tmp_path, content):
    (stopped(scenario, tmp_path) / "identity.json").write_text(content)
    assert "identity.json is damaged" in go_on(scenario, tmp_path)[0]
    assert written(tmp_path) == expected


@pytest.mark.long
def test_matched_learning_rates_are_found_again(tmp_path):
    matched = small(optimizer=MATCHED)
    runs.write_run(matched, tmp_path / "undisturbed")
    stopped(matched, tmp_path / "stopped", count=1)
    (told,) = go_on(matched, tmp_path / "stopped")
    assert told.startswith("going on")
    assert written(tmp_path / "stopped") == written(tmp_path / "undisturbed")


def test_force_forgets_what_was_stopped(scenario, expected, tmp_path):
    stopped(scenario, tmp_path)
    assert go_on(scenario, tmp_path, again=True) == []
    assert written(tmp_path) == expected

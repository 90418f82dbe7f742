"""`ratiodrift check` as a user meets it: the verdicts of several scenarios in one table, the file, the exit code."""

import json

import pytest

from simulator.cli.main import main
from tests.cli.test_commands import SMALL

EMPTY = SMALL.replace('metric = "ratio/max"', 'metric = "clip/active"').replace('"optimizer.learning_rate" = 0.2', "")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    # one SGD step of 0.2 on two arms: ρ = 2/(1 + e^{−0.1}) = 1.0500
    (tmp_path / "right.toml").write_text(SMALL.format(predicted=1.05))
    (tmp_path / "wrong.toml").write_text(SMALL.format(predicted=1.2))
    return tmp_path


def test_one_table_has_all_verdicts_and_a_claim_that_fails_is_exit_code_1(here, capsys):
    assert main(["check", "right.toml", "wrong.toml", "--no-cache"]) == 1
    told = capsys.readouterr()
    shown = told.out
    assert max(map(len, shown.splitlines())) <= 80
    order = ["right", "1.05 holds", "wrong", "1.2     1.05 fails", "learning_rate = 0.2: 1.05 is not 1.2 ± 0.0001"]
    assert [shown.index(text) for text in order] == sorted(shown.index(text) for text in order)
    assert "2 scenarios: 1 of 2 claims hold, 1 fails." in shown
    assert "1/2 right" in told.err and "2/2 wrong" in told.err
    found = json.loads((here / "runs" / "claims.json").read_text())
    assert [(each["scenario"], each["claims"][0]["verdict"]) for each in found] == [
        ("right", "holds"), ("wrong", "fails"),
    ]  # fmt: skip
    assert all((here / "runs" / each["run"] / "report.html").is_file() for each in found)


def test_runs_that_are_there_are_not_made_again(here, capsys):
    main(["run", "right.toml", "--no-cache"])
    (directory,) = (here / "runs").glob("right-*")
    made = (directory / "manifest.json").stat().st_mtime_ns
    capsys.readouterr()
    assert main(["check", "right.toml", "--no-cache", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)[0]["claims"][0]["verdict"] == "holds"
    assert "1/1" not in told.err
    assert (directory / "manifest.json").stat().st_mtime_ns == made


def test_nothing_runs_where_one_scenario_is_not_sound(here, capsys):
    (here / "unsound.toml").write_text(SMALL.format(predicted=0.00005))  # with its tolerance of 1e-4: 0 would do
    assert main(["check", "right.toml", "unsound.toml"]) == 2
    assert "unsound.toml: claim[0].tolerance: 0.0001 is as large as what is predicted" in capsys.readouterr().err
    assert not (here / "runs").exists()


def test_a_scenario_without_claims_has_nothing_to_check(here, capsys):
    text = SMALL.format(predicted=1.05)
    (here / "none.toml").write_text(text[: text.index("[[claim]]")])
    assert main(["check", "none.toml"]) == 2
    assert "none.toml: claim: there is none: a check is of claims" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_claim_about_which_nothing_was_measured_is_exit_code_2(here, capsys, command):
    # rewards of 0 make no gradient, so that there is no last one to coast from
    text = (
        SMALL.format(predicted=0.5)
        .replace("[[1.0, 0.0]]", "[[0.0, 0.0]]")
        .replace('"ratio/max"', '"first_residual"', 2)
    )
    (here / "silent.toml").write_text(text)
    assert main([command, "silent.toml", "--no-cache"]) == 2
    told = capsys.readouterr()
    assert "cannot tell" in told.out
    assert "claim refused: The ratio is what it is: no data" in told.err

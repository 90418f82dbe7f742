"""The command line as a user meets it: what it prints, what it refuses, and with which exit code."""

import json
import tomllib

import jsonschema
import pytest

from simulator.cli.main import main
from simulator.scenario.shipped import shipped_scenarios
from tests.fresh import python

SMALL = """
title = "A small question"
question = "How small?"
headline = "ratio/max"
[environment]
kind = "bandit"
rewards = [[1.0, 0.0]]
[method]
name = "dr_grpo"
[optimizer]
name = "sgd"
learning_rate = {{ values = [0.1, 0.2] }}
[training]
num_rollouts = 1
group_size = 2
[rollouts]
kind = "fixed"
completions = [[[0], [1]]]
[[claim]]
says = "The ratio is what it is"
metric = "ratio/max"
predicted = {predicted}
tolerance = 1e-4
where = {{ "optimizer.learning_rate" = 0.2 }}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # one SGD step of 0.2 on two arms: ρ = 2/(1 + e^{−0.1}) = 1.0500
    (tmp_path / "small.toml").write_text(SMALL.format(predicted=1.05))
    (tmp_path / "wrong.toml").write_text(SMALL.format(predicted=1.2))
    return tmp_path


def test_a_run_shows_its_table_its_verdicts_and_where_its_files_are(here, capsys):
    assert main(["run", "small.toml", "--no-cache"]) == 0
    shown = capsys.readouterr().out
    for text in ("A small question", "learning_rate = 0.2", "1.05", "holds", "The claim holds.", "report.html"):
        assert text in shown
    assert max(map(len, shown.splitlines())) <= 80 or "runs/" in max(shown.splitlines(), key=len)
    (directory,) = (here / "runs").glob("[!.]*")
    assert sorted(path.name for path in directory.iterdir()) == [
        "claims.json", "manifest.json", "report.html", "summary.parquet", "updates",
    ]  # fmt: skip


def test_a_finished_run_is_shown_again_and_force_runs_it_anew(here, capsys):
    main(["run", "small.toml", "--no-cache"])
    (manifest,) = (here / "runs").glob("*/manifest.json")
    first = manifest.read_text()
    assert main(["run", "small.toml", "--no-cache"]) == 0
    assert "has run before" in capsys.readouterr().out
    assert manifest.read_text() == first
    assert main(["run", "small.toml", "--no-cache", "--force"]) == 0
    assert "has run before" not in capsys.readouterr().out


def test_a_failed_claim_is_exit_code_1(here, capsys):
    assert main(["run", "wrong.toml", "--no-cache"]) == 1
    assert "fails" in capsys.readouterr().out


def test_set_and_seeds_override_the_file(here, capsys):
    assert main(["validate", "small.toml", "--set", "optimizer.learning_rate={values=[1, 2, 3]}"]) == 0
    assert main(["run", "small.toml", "--set", "optimizer.learning_rate={values=[0.2, 0.3]}", "--seeds", "3"]) == 0
    shown = capsys.readouterr().out
    assert "3 points × 1 seed" in shown
    assert "learning_rate = 0.3" in shown
    assert "over 3 seeds" in shown


def test_a_claim_about_variants_that_set_takes_away_is_left_out_which_is_said(here, capsys):
    assert main(["run", "wrong.toml", "--set", "optimizer.learning_rate={values=[0.3, 0.4]}", "--no-cache"]) == 0
    told = capsys.readouterr()
    assert "wrong.toml: claim[0]: is left out, as things are set: picks no variant; optimizer.learning_rate" in told.err
    assert "fails" not in told.out
    assert main(["run", "wrong.toml", "--set", "optimizer.learning_rate=0.3", "--no-cache"]) == 0
    assert "claim[0]: is left out, as things are set: no column 'optimizer.learning_rate'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.toml"], "nowhere.toml: no such file, and no shipped scenario of that name"),
        (["run", "momentum_overshot"], "did you mean 'momentum_overshoot'?"),
        (["run", "broken.toml"], "broken.toml: not TOML: Invalid value (at the end, line 2, column 9)"),
        (["run", "unequal.toml"], "unequal.toml: not TOML: Expected '=' after a key in a key/value pair (at line 1,"),
        (["run", "small.toml", "--set", "method.cliplow=0.1"], "small.toml: method.cliplow: unknown key; did you mean"),
        (["run", "small.toml", "--set", "method.clip_low=high"], "method.clip_low: must be a number, got 'high'"),
        (["run", "small.toml", "--set", "method.clip_low=1.5"], "method.clip_low: must be < 1, got 1.5"),
        (["run", "small.toml", "--set", "method.name=gropo"], "unknown method 'gropo'; did you mean 'grpo'?"),
        (["run", "small.toml", "--set", "optimizer.momentun=0.9"], "sgd has no parameter 'momentun'; did you mean"),
        (["run", "small.toml", "--set", "training.group_size=1"], "training.group_size: a group of one has nothing"),
        (["run", "small.toml", "--set", "optimizer.learning_rate={values=[]}"], "an axis needs at least one value"),
        (["run", "small.toml", "--seeds", "0"], "training.seeds: must be >= 1, got 0"),
        (
            ["run", "small.toml", "--set", "headline=ratio/mx"],
            "headline: no metric 'ratio/mx' is recorded; did you mean",
        ),
        (["run", "small.toml", "--set", "method.clip_low"], "'method.clip_low' is not KEY=VALUE"),
        (["run", "small.toml", "--out", "small.toml"], "small.toml: cannot be written"),
        (["list", "method"], "no list 'method'; did you mean 'methods'?"),
    ],
)
def test_bad_input_is_refused_with_a_message_and_nothing_is_written(here, capsys, arguments, message):
    (here / "broken.toml").write_text('title = "x"\nrows = [')
    (here / "unequal.toml").write_text('title "x"')
    before = sorted(here.rglob("*"))
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert sorted(here.rglob("*")) == before


def test_a_run_of_another_schema_version_is_refused(here, capsys):
    main(["run", "small.toml", "--no-cache"])
    (manifest,) = (here / "runs").glob("*/manifest.json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema_version": 0}))
    assert main(["run", "small.toml"]) == 2
    assert "holds a run of schema version 0" in capsys.readouterr().err


def test_validate_counts_what_would_run(here, capsys):
    assert main(["validate", "small.toml", "momentum_overshoot"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "small.toml: fine: 2 points × 1 seed = 2 runs",
        "momentum_overshoot: fine: 8 points × 64 seeds = 512 runs",
    ]


def test_init_writes_a_starter_that_validates_and_never_overwrites(here, capsys):
    assert main(["init"]) == 0
    assert main(["validate", "scenario.toml"]) == 0
    assert main(["init"]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "what",
    ["scenarios", "methods", "optimizers", "environments", "metrics", "schedules", "quantities", "closed_forms"],
)
def test_lists_name_and_explain(capsys, what):
    assert main(["list", what]) == 0
    known = {"scenarios": "reward_scale", "methods": "dr_grpo", "optimizers": "muon", "environments": "token_tree"}
    known |= {"metrics": "ratio/max", "schedules": "cosine_decay_schedule", "quantities": "braking_distance"}
    known |= {"closed_forms": "adam_half_life"}
    assert known[what] in capsys.readouterr().out


def test_doctor_finds_that_this_installation_works(capsys):
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "float64     works" in shown
    assert "device" in shown


def test_help_and_validate_never_import_jax():
    code = (
        "import sys; from simulator.cli.main import main\n"
        "try: main({arguments})\n"
        "except SystemExit: pass\n"
        "print([name for name in ('jax', 'pandas', 'plotly') if name in sys.modules])"
    )
    quick = (["--help"], ["run", "--help"], ["validate", *shipped_scenarios()], ["schema"], ["list", "methods"])
    for arguments in quick:
        assert python(code.format(arguments=arguments)).splitlines()[-1] == "[]", arguments


def test_the_schema_accepts_every_shipped_scenario_and_refuses_a_typo(capsys):
    assert main(["schema"]) == 0
    validator = jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))
    for name, path in shipped_scenarios().items():
        tables = tomllib.loads(path.read_text())
        assert [error.message for error in validator.iter_errors(tables)] == [], name
        training = tables["training"]
        (training[0] if isinstance(training, list) else training)["epoch"] = 3
        assert not validator.is_valid(tables)

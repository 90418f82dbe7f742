"""`ratiodrift export` as it is typed."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from simulator.cli.main import main
from tests.analysis.exports.folder import label, written


@pytest.fixture
def path(tmp_path):
    return written(tmp_path / "by_hand-00000000")


def test_it_says_where_to_how_much_and_how_to_read_it(path, capsys):
    assert main(["export", str(path), "--where", "optimizer=adamw", "--rollouts", "0:1", "--format", "csv"]) == 0
    out = path / "export" / "updates.csv"
    assert capsys.readouterr().out == f'{out}: 6 rows\nread it with pandas.read_csv("{out}")\n'
    assert set(pd.read_csv(out)["label"]) == {label(0)}


def test_every_option_is_passed_on(path, tmp_path, capsys):
    out = tmp_path / "mine.parquet"
    options = ["--metric-names", "trl", "--shape", "long", "--updates", "2:", "--columns", "loss, reward"]
    assert main(["export", str(path), *options, "--where", "seed=0", "--where", "seed=1", "--out", str(out)]) == 0
    frame = pd.read_parquet(out)
    assert (
        set(frame["metric"]) == {"loss", "reward"} and set(frame["update"]) == {2, 3} and set(frame["seed"]) == {0, 1}
    )
    assert main(["export", str(path), "--table", "claims", "--out", str(out)]) == 2
    assert "--force (in Python, force=True) writes over it" in capsys.readouterr().err
    assert main(["export", str(path), "--table", "claims", "--out", str(out), "--force"]) == 0
    assert len(pd.read_parquet(out)) == 2


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--where", "optimizer:adamw"], "--where: 'optimizer:adamw' is no COLUMN=VALUE, as in optimizer=adamw"),
        (["--where", "optimizer=adamm"], "--where: optimizer is never 'adamm'; did you mean 'adamw'?"),
        (["--format", "xlsx"], "--format: unknown: 'xlsx'; there are parquet, csv, jsonl, npz, arrow, tensorboard, "),
        (["--rollouts", "7:"], "nothing is left: no row of the table is within all that was asked for"),
        (["--metric-names", "openrhlf"], "--metric-names: unknown: 'openrhlf'; did you mean 'openrlhf'?"),
    ],
)
def test_bad_input_is_refused_in_one_line(path, capsys, options, line):
    assert main(["export", str(path), *options]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith(f"by_hand-00000000: {line}") and told.err.count("\n") == 1
    assert not (path / "export").exists()


def test_a_full_disk_is_said_and_leaves_nothing(path, capsys, monkeypatch):
    from analysis.exports.formats import FILES, FileFormat

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FILES, "parquet", FileFormat(full, ""))
    assert main(["export", str(path)]) == 2
    assert capsys.readouterr().err == "by_hand-00000000: [Errno 28] No space left on device\n"
    assert not (path / "export").exists()


def test_no_such_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "nothing"]) == 2
    assert "no run directory" in capsys.readouterr().err


def test_long_work_tells_how_far_it_is(path, capsys, monkeypatch):
    from simulator.cli import export

    monkeypatch.setattr(export, "QUIET", -1.0)
    monkeypatch.setattr(export, "BETWEEN_LINES", -1.0)
    assert main(["export", str(path)]) == 0
    assert "50% exported, " in capsys.readouterr().err


def test_quick_work_is_quiet(path, capsys):
    assert main(["export", str(path)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.long
def test_a_run_that_was_simulated(tmp_path, capsys):
    """From a scenario to a trainer's keys: the shares that the loop counted itself are those of its tokens."""
    import simulator
    from tests.small import tables

    run = simulator.run(tables(training={"num_rollouts": 3, "group_size": 8, "epochs": 6, "seeds": 2}), out=tmp_path)
    assert main(["export", str(run), "--metric-names", "trl", "--out", str(tmp_path / "trl.parquet")]) == 0
    assert main(["export", str(run), "--out", str(tmp_path / "ours.parquet")]) == 0
    keys = ["point", "seed", "rollout", "update"]
    theirs, ours = (pd.read_parquet(tmp_path / name) for name in ("trl.parquet", "ours.parquet"))
    both = theirs.merge(ours, on=keys)
    assert set(theirs["rollout"]) == {0, 2} and len(both) == 2 * 2 * 2 * 6  # every second rollout was recorded
    assert both["clip_ratio/region_mean"].max() > 0
    for name, other in (("low_mean", "active_low"), ("high_mean", "active_high"), ("region_mean", "active")):
        assert (both[f"clip_ratio/{name}"] - both[f"clip/{other}"]).abs().max() < 1e-12
    assert (both["reward"] - both["reward/mean"]).abs().max() < 1e-12


def test_a_run_with_exports_is_found_again(tmp_path, capsys):
    """What is exported into a run's directory does not make it another run."""
    import simulator
    from tests.small import tables

    run = simulator.run(tables(), out=tmp_path)
    assert main(["export", str(run), "--format", "npz"]) == 0
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*.parquet")}
    assert simulator.run(tables(), out=tmp_path) == run
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*.parquet")} == before
    assert (run / "export" / "updates.npz").is_file()


def test_the_examples_of_the_page_work(tmp_path, capsys, monkeypatch):
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    (commands,), (code,) = (re.findall(f"```{kind}\n(.*?)```", page, flags=re.DOTALL) for kind in ("sh", "python"))
    monkeypatch.chdir(tmp_path)
    written(Path("runs/mine-1f2e3d4c"))
    exec(compile(code, "exports.md", "exec"), {})
    assert len(pd.read_csv("trl.csv")) == 16  # updates 2 and 3, of two points, seeds and rollouts
    for line in commands.splitlines():
        words = shlex.split(line.replace("momentum_overshoot", "runs/mine-1f2e3d4c"), comments=True)
        if "pdf" not in words:  # which takes a browser, and figures
            assert main([*words[1:], "--force"]) == 0, line

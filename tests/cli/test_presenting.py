"""A run's result is shown by a second process, which imports what that takes while the first one simulates."""

import json
import subprocess
import sys

import pytest

from tests.cli.test_commands import SMALL
from tests.fresh import ROOT


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    (folder / "small.toml").write_text(SMALL.format(predicted=1.05))
    (folder / "wrong.toml").write_text(SMALL.format(predicted=1.2))
    return folder


def ratiodrift(here, *arguments, before="", pipe=""):
    """The command in a fresh process: (exit code, what it prints, what it says to standard error)."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['ratiodrift', *{arguments!r}]; {before}\n"
        "from simulator.cli.main import main\n"
        "code = main()\n"
        "print([name for name in ('jax', 'pandas', 'plotly') if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_a_run_is_shown_and_found_again_and_this_process_imports_no_more_than_it_must(here):
    code, shown, said = ratiodrift(here, "run", "small.toml", "--no-cache")
    assert code == 0, said
    for text in ("A small question", "learning_rate = 0.2", "The claim holds.", "report.html"):
        assert text in shown
    assert "jax" in said.splitlines()[-1] and "plotly" not in said.splitlines()[-1]
    code, again, said = ratiodrift(here, "run", "small.toml", "--no-cache")
    assert code == 0 and again.startswith(shown.rstrip()) and "has run before" in again
    assert said.splitlines()[-1] == "[]"


def test_a_failed_claim_is_exit_code_1(here):
    code, shown, _ = ratiodrift(here, "run", "wrong.toml", "--no-cache")
    assert code == 1 and "fails" in shown


def test_refused_input_ends_both_processes(here):
    code, shown, said = ratiodrift(here, "run", "small.toml", "--seeds", "0")
    assert (code, shown) == (2, "")
    assert said.splitlines() == ["small.toml: training.seeds: must be >= 1, got 0", "[]"]


@pytest.mark.long
def test_what_the_second_process_says_when_it_fails_is_all_that_is_said(here):
    ratiodrift(here, "run", "small.toml", "--no-cache")
    (directory,) = (here / "runs").glob("small-*")
    manifest = directory / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(json.dumps({key: value for key, value in json.loads(whole).items() if key != "metrics"}))
    code, _, said = ratiodrift(here, "run", "small.toml", "--no-cache")
    manifest.write_text(whole)
    assert code not in (0, 1) and "KeyError: 'metrics'" in said and said.count("Traceback") == 1


@pytest.mark.long
def test_a_page_that_cannot_be_written_leaves_the_tables(here):
    ratiodrift(here, "run", "small.toml", "--no-cache")
    (directory,) = (here / "runs").glob("small-*")
    (directory / "report.html").unlink()
    (directory / "report.html").mkdir()
    code, shown, said = ratiodrift(here, "run", "small.toml", "--no-cache")
    (directory / "report.html").rmdir()
    assert code == 3 and shown == ""
    assert said.startswith("stopped: Is a directory") and "all tables are written and kept" in said
    assert "Traceback" not in said
    assert ratiodrift(here, "run", "small.toml", "--no-cache")[0] == 0


def test_without_a_second_process_this_one_does_it(here):
    code, shown, said = ratiodrift(here, "run", "small.toml", "--no-cache", before="sys.executable = ''")
    assert code == 0 and "The claim holds." in shown
    assert "pandas" in said.splitlines()[-1]

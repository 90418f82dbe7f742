"""A wheel, installed into an empty environment, runs a shipped scenario by name in an empty directory."""

import subprocess
import sys
import venv

import pytest

from tests.fresh import ROOT


@pytest.mark.long
@pytest.mark.wheel
def test_the_wheel_runs_a_shipped_scenario_from_anywhere(tmp_path):
    built, environment, elsewhere = tmp_path / "dist", tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", built, ROOT], check=True, capture_output=True)
    (wheel,) = built.glob("ratiodrift-*.whl")
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, cwd=elsewhere)
    done = subprocess.run(
        [environment / "bin" / "ratiodrift", "run", "magnitude_blindness"],
        cwd=elsewhere, capture_output=True, text=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "All 3 claims hold" in done.stdout
    (report,) = elsewhere.glob("runs/*/report.html")
    assert report.stat().st_size > 1_000_000

"""A wheel, installed into an empty environment: the command and the library, beside folders of the user's own."""

import subprocess
import sys
import venv

import pytest

from tests.fresh import ROOT
from tests.ratiodrift.test_extending import ENTRY_POINTS, MODULE, SCENARIO

pytestmark = [pytest.mark.long, pytest.mark.wheel]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Run a program of the environment that the wheel was installed into, in an empty folder; give what it printed."""
    folder = tmp_path_factory.mktemp("wheel")
    built, environment = folder / "dist", folder / "venv"
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", built, ROOT], check=True, capture_output=True)
    (wheel,) = built.glob("ratiodrift-*.whl")
    venv.create(environment, with_pip=True)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], check=True, cwd=folder)

    def run(cwd, program, *arguments):
        done = subprocess.run(
            [environment / "bin" / program, *arguments],
            cwd=cwd, capture_output=True, text=True, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def project(tmp_path):
    """A folder of the user's that has packages of these names, too."""
    for name in ("analysis", "simulator"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"MINE = {name!r}\n")
    return tmp_path


def test_the_command_runs_a_shipped_scenario_from_anywhere(installed, project):
    assert "All 3 claims hold" in installed(project, "ratiodrift", "run", "magnitude_blindness")
    (report,) = project.glob("runs/*/report.html")
    assert report.stat().st_size > 1_000_000


def test_the_command_runs_as_a_module_beside_folders_of_the_same_names(installed, project):
    code = "import sys, ratiodrift; sys.argv = ['ratiodrift', 'list', 'methods']; ratiodrift.command()"
    assert "grpo" in installed(project, "python", "-c", code)


def test_the_library_runs_beside_folders_of_the_same_names(installed, project):
    code = (
        "import ratiodrift as rd, analysis, simulator\n"
        "from ratiodrift.methods.grpo import GRPO\n"
        "run = rd.complete(rd.run('magnitude_blindness', {'training.num_rollouts': 1}, seeds=2))\n"
        "print(len(run.summary), analysis.MINE, simulator.MINE, GRPO().name)\n"
    )
    rows, *rest = installed(project, "python", "-c", code).split()
    assert int(rows) > 0
    assert rest == ["analysis", "simulator", "grpo"]


def test_the_engine_of_processes_finds_the_package(installed, tmp_path):
    options = (
        "--engine",
        "processes",
        "--set",
        "training.num_rollouts=1",
        "--seeds",
        "2",
    )
    installed(tmp_path, "ratiodrift", "run", "magnitude_blindness", *options)
    assert list(tmp_path.glob("runs/*/updates/*.parquet"))


def test_another_package_brings_its_parts(installed, tmp_path):
    (tmp_path / "extras.py").write_text(MODULE)
    (tmp_path / "one_of_each.toml").write_text(SCENARIO)
    build = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    package = '[project]\nname = "extras"\nversion = "1.0"\n[tool.hatch.build]\nonly-include = ["extras.py"]\n'
    (tmp_path / "pyproject.toml").write_text(build + package + ENTRY_POINTS)
    installed(tmp_path, "python", "-m", "pip", "install", "--quiet", ".")
    for engine in ("inline", "processes"):
        shown = installed(tmp_path, "ratiodrift", "run", "one_of_each.toml", "--engine", engine, "--out", engine)
        assert "median_grpo" in shown and "boost = 3" in shown

"""The documents say what the code does: generated parts are fresh, examples run, links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

from docs.generate import DOCUMENTS, ROOT, stale
from simulator.cli.main import main

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("scenarios/*.md")])


def test_generated_parts_are_fresh():
    assert stale() == [], "run `make docs`"
    assert all((ROOT / name).read_text().count("<!-- generated: ") for name in DOCUMENTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_files_lead_somewhere(page):
    targets = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.long
def test_the_readmes_python_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert "adamw, b1 = 0.9, each arm twice" in capsys.readouterr().out
    assert (next(Path(tmp_path, "runs").glob("[!.]*")) / "report.html").is_file()


@pytest.mark.long
def test_the_replay_pages_python_and_scenario_run(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "replay.md").read_text()
    (code,), (scenario,) = (re.findall(f"```{kind}\n(.*?)```", text, flags=re.DOTALL) for kind in ("python", "toml"))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "replay.md", "exec"), {})
    assert "(10, 10)" in capsys.readouterr().out
    Path("mine.toml").write_text(scenario)
    assert main(["replay", "rollouts.npz", "mine.toml"]) == 0
    (params,) = Path("runs").glob("*/params.npz")
    assert set(np.load(params)) == {"point-0/logits", "point-1/logits", "point-2/logits"}


def test_the_example_of_the_scenario_format_is_the_shipped_one():
    text = (ROOT / "docs" / "scenarios.md").read_text()
    shipped = (ROOT / "scenarios" / "momentum_overshoot.toml").read_text()
    for key in ("title", "question", "source"):
        value = re.search(rf'^{key} += "(.*)"$', shipped, flags=re.MULTILINE).group(1)
        assert value in text


def test_every_file_that_the_architecture_names_is_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`([\w./]+(?:\.py|\.toml|/))`", text)
    homes = [ROOT, ROOT / "simulator", ROOT / "analysis", ROOT / "docs"]
    assert len(named) > 60
    assert not [path for path in named if not any((home / path).exists() for home in homes)]

"""The tutorial, block by block: its file, its commands and its Python do what the page shows."""

import re
import shlex

import pytest

from docs.generate import ROOT
from simulator.cli.main import main

BLOCK = re.compile(r"```(\w+)\n(.*?)```", flags=re.DOTALL)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def blocks():
    return BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text())


def words(line):
    """A line without its numbers, and the numbers: other processors may round the last digit otherwise."""
    return " ".join(NUMBER.sub("#", line).split()), [float(number) for number in NUMBER.findall(line)]


def check_shown(expected, actual):
    """Each line that the page shows is printed, in this order; what it leaves out ('…') may be between."""
    printed = iter(map(words, actual.splitlines()))
    for line in filter(lambda line: line.strip() not in ("", "…"), expected.splitlines()):
        wanted, numbers = words(line)
        near = pytest.approx(numbers, rel=0.01, abs=2e-4)
        assert any(text == wanted and found == near for text, found in printed), f"{line!r} is not in\n{actual}"


@pytest.mark.long
def test_the_tutorial_is_what_happens(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    shown = ""
    for kind, text in blocks():
        if kind == "toml":
            (tmp_path / "mine.toml").write_text(text)
        elif kind == "python":
            exec(compile(text, "tutorial.md", "exec"), {})
            shown = capsys.readouterr().out
        elif kind == "text":
            check_shown(text, shown)
        elif kind == "console":
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, flags=re.MULTILINE):
                wanted = re.search(r"# exit code (\d)", command)
                assert main(shlex.split(command, comments=True)[1:]) == (int(wanted.group(1)) if wanted else 0)
                check_shown(expected, capsys.readouterr().out)
    assert (tmp_path / "trl.csv").read_text().startswith('"point"')


def test_the_tutorial_shows_a_file_commands_and_python():
    assert [kind for kind, _ in blocks()] == ["toml", "console", "console", "console", "python", "text", "console"]

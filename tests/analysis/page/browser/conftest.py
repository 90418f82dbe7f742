"""One Chromium for all tests of this folder, and pages for it to open."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest

import analysis
from analysis.claims import evaluate
from analysis.page.report import render
from analysis.summary import summarize
from simulator.runs import run
from tests.analysis.page.browser.chromium import Chromium, found
from tests.small import tables

DRAWN = "document.querySelectorAll('.drawing').length == document.documentElement.dataset.drawn"
SMALL = {
    "optimizer": {"name": "adam", "learning_rate": 0.3, "b1": {"values": [0.0, 0.5, 0.9]}},
    "training": {"num_rollouts": 2, "group_size": 8, "epochs": 6, "seeds": 3},
    "record": {"ratios": {"every": 1}, "twin": True},
}
HOSTILE = (
    "</script><script>window.broken = 1</script>\"'><img src=x onerror='window.broken = 1'>"
    '<a href="https://example.com/">x</a><u>u</u>'
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    executable = found()
    if executable is None:
        pytest.skip("needs a Chromium: apt-get install chromium")
    browser = Chromium(executable, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A run with claims that hold and fail, of three variants."""
    claims = [
        {"says": "Ratios grow", "metric": "ratio/max", "predicted": 1.0, "relation": "at_least", "tolerance": 0.0},
        {"says": "Nothing is learned", "metric": "return/exact", "predicted": 0.0, "tolerance": 0.01},
    ]
    return analysis.complete(run(tables(**SMALL, claim=claims), out=tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="session")
def report(finished) -> Path:
    return finished.directory / "report.html"


@pytest.fixture(scope="session")
def hostile_report(finished, tmp_path_factory) -> Path:
    """The page of that run, had its scenario written markup wherever it may write."""
    manifest = copy.deepcopy(finished.manifest)
    texts = {"title": HOSTILE, "question": HOSTILE, "source": HOSTILE}
    claims = [claim | {"says": HOSTILE, "source": HOSTILE} for claim in manifest["heading"]["claim"]]
    manifest["heading"] |= texts | {"claim": claims}
    manifest["points"]["values"]["optimizer"] = [f"{point}{HOSTILE}" for point in range(len(finished.points))]
    manifest |= {"name": HOSTILE, "command": HOSTILE, "warnings": [[HOSTILE, HOSTILE]], "scenario": texts}
    hostile = replace(finished, manifest=manifest)
    hostile.__dict__["summary"] = summarize(hostile)
    hostile.__dict__["verdicts"] = evaluate(hostile)
    page = tmp_path_factory.mktemp("page") / "hostile.html"
    page.write_text(render(hostile))
    return page


@pytest.fixture
def opened(browser):
    """Opens a page of a given size, waits until its figures are drawn, and closes it after the test."""
    tabs = []

    def open_page(file: Path, **how):
        tab = browser.tab(**how)
        tabs.append(tab)
        page = tab.__enter__()
        page.open(file)
        if how.get("scripts", True):
            page.wait_until(DRAWN)
        return page

    yield open_page
    for tab in tabs:
        tab.__exit__(None, None, None)

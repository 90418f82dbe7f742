"""The page of a run: self-contained, complete, and deaf to markup in a scenario's text."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

import analysis
from analysis.report import render
from analysis.summary import summarize
from simulator.runs import run
from tests.analysis.made import made_run
from tests.small import tables

HOSTILE = '</script><script>document.title="broken"</script><b>'
CLAIM = {"says": HOSTILE, "metric": "ratio/max", "predicted": 1.0, "tolerance": 9.0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    optimizers = [
        {"name": "sgd", "label": HOSTILE, "learning_rate": {"values": [0.1, 0.2, 0.4]}},
        {"name": "adam", "learning_rate": {"values": [0.1, 0.2, 0.4]}},
    ]
    scenario = tables(title=HOSTILE, question=HOSTILE, source=HOSTILE, optimizer=optimizers, claim=[CLAIM])
    return analysis.complete(run(scenario, out=tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def page(finished):
    return (finished.directory / "report.html").read_text()


def test_the_page_needs_nothing_from_outside(page):
    without_scripts = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "plotly" in page.lower()
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]+src=|@import|url\(", without_scripts + page[:2000])


def test_the_page_answers_before_it_shows(page, finished):
    text = page[page.index("<main>") :]
    order = ["class=question", "class=finding", "Predicted and measured", "<figure>", "<h2>Table", "The same numbers"]
    positions = [text.index(mark) for mark in order]
    assert positions == sorted(positions)
    assert finished.manifest["versions"]["jax"] in text
    assert "learning_rate = 0.4" in text


def test_the_page_says_what_options_mean_that_their_names_do_not_say(page, finished):
    assert "Watch out" not in page and finished.manifest["warnings"] == []
    warned = replace(finished, manifest=finished.manifest | {"warnings": [["method.epsilon_high", "the cap is <0.2>"]]})
    assert "<h2>Watch out</h2><ul><li><code>method.epsilon_high</code> the cap is &lt;0.2&gt;" in render(warned)


def test_the_text_of_a_scenario_cannot_become_markup(page):
    assert HOSTILE not in page
    assert "&lt;/script&gt;&lt;script&gt;document.title=" in page


def rendered(labels, **more):
    """The page of a made run with something to say about memory and learning rates."""
    own = {"ratio/max": 1.5, "drift/excess_max": 0.4, "twin/drift/excess_max": 0.3, "drift/coasting": 0.9}
    row = {"seed": 0, "rollout": 0, "update": 1, "update/norm": 1.0, **own}
    points = [{"optimizer": label, **more} for label in labels]
    made = made_run([row | {"point": point} for point in range(len(labels))], points=points)
    made.__dict__.update(summary=summarize(made), verdicts=[])
    text = render(made)
    return text[text.index("<main>") :]


def test_the_notes_about_memory_and_learning_rates_escape_labels():
    page = rendered([HOSTILE, "adam"], found={"total_kl": 0.1, "to": HOSTILE})
    assert HOSTILE not in page
    escaped = "&lt;/script&gt;&lt;script&gt;document.title=&quot;broken&quot;&lt;/script&gt;&lt;b&gt;"
    assert f"<p class=note>{escaped}: memory carried 90% of the way" in page
    assert (
        f"<p class=note>Learning rates were found that match: KL summed over the rollouts = that of {escaped}." in page
    )


def test_a_long_table_says_how_many_points_it_leaves_out():
    page = rendered([f"number {n}" for n in range(103)])
    shown = [n for n in range(103) if f"<td>number {n}</td>" in page]
    assert len(shown) == 100
    assert "<p class=note>… and 3 more points in summary.parquet, between these in ratio/max</p>" in page
    page = rendered([f"number {n}" for n in range(100)])
    assert "more points in" not in page[page.index("<h2>Table") :]


def test_the_page_counts_one_of_a_thing_in_the_singular():
    assert "<td>1 point × 1 seed, 1 optimizer update, 1 compiled structure</td>" in rendered(["adam"])
    assert "<td>seeds</td><td>0</td>" in rendered(["adam"])


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_a_browser_draws_every_figure(finished, page, tmp_path):
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    done = subprocess.run(
        [
            "chromium", *flags.split(), "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=10000", "--enable-logging=stderr", "--dump-dom",
            (finished.directory / "report.html").resolve().as_uri(),
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    figures = page.count("<figure>")
    assert figures == 3  # the fan, the causes, and the comparison over the learning rate
    assert len(re.findall(r'class="plot-container', done.stdout)) == figures
    assert "<title>broken" not in done.stdout
    assert not re.search(r"CONSOLE.*(Uncaught|Error)", done.stderr), done.stderr

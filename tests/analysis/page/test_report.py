"""The page of a run: self-contained, complete, and deaf to markup in a scenario's text."""

import base64
import gzip
import io
import re
import tomllib
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest

import analysis
from analysis.page.report import render
from analysis.summary import summarize
from simulator.runs import run
from tests.analysis.made import made_run
from tests.small import tables

HOSTILE = '</script><script>document.title="broken"</script><b>'
CLAIM = {"says": HOSTILE, "metric": "ratio/max", "predicted": 1.0, "tolerance": 9.0, "relation": "at_most"}


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
    order = [
        "class=question",
        "class=finding",
        "id=verdicts",
        "id=seen",
        "id=figures",
        "<figure>",
        "id=table",
        "id=again",
    ]
    positions = [text.index(mark) for mark in order]
    assert positions == sorted(positions)
    assert finished.manifest["versions"]["jax"] in text
    assert "learning_rate = 0.4" in text


def test_what_is_beside_the_page_leads_to_its_sections(page):
    (contents,) = re.findall(r"<nav.*?</nav>", page)
    assert re.findall(r"href='#(\w+)'", contents) == re.findall(r"<section id=(\w+)>", page)
    assert "verdicts" in contents and "warnings" not in contents  # there are none


def test_the_page_says_what_options_mean_that_their_names_do_not_say(page, finished):
    assert "Watch out" not in page and finished.manifest["warnings"] == []
    warned = replace(finished, manifest=finished.manifest | {"warnings": [["method.epsilon_high", "the cap is <0.2>"]]})
    text = render(warned)
    assert "<h2>Watch out</h2>\n<ul><li><code>method.epsilon_high</code> the cap is &lt;0.2&gt;" in text
    assert text.index("id=verdicts") < text.index("id=warnings") < text.index("id=figures")


def test_the_text_of_a_scenario_cannot_become_markup(page):
    assert HOSTILE not in page
    assert "&lt;/script&gt;&lt;script&gt;document.title=" in page


def rendered(labels, diverged=0.0, **more):
    """The page of a made run with something to say about memory and learning rates."""
    own = {"ratio/max": 1.5, "drift/excess_max": 0.4, "twin/drift/excess_max": 0.3, "drift/coasting": 0.9}
    own |= {"drift/over_twin": 0.1}
    row = {"rollout": 0, "update": 1, "update/norm": 1.0, "diverged": diverged, **own}
    points = [{"optimizer": label, **more} for label in labels]
    made = made_run([row | {"point": n, "seed": seed} for n in range(len(labels)) for seed in range(2)], points=points)
    made.__dict__.update(summary=summarize(made), verdicts=[])
    text = render(made)
    return text[text.index("<main>") : text.index("</main>")]


def test_the_page_names_what_diverged():
    assert "class=diverged" not in rendered(["adam"])
    assert "<p class=diverged>Diverged (not finite) in some seeds: a; b.</p>" in rendered(["a", "b"], diverged=1.0)
    text = rendered([f"v{n}" for n in range(14)], diverged=1.0)
    assert "seeds: v0; v1; v2; v3; v4; v5; v6; v7; v8; v9; v10; v11; and 2 more.</p>" in text


def test_what_is_said_about_memory_and_learning_rates_escapes_labels():
    page = rendered([HOSTILE, "adam"], found={"total_kl": 0.1, "to": HOSTILE})
    assert HOSTILE not in page
    escaped = "&lt;/script&gt;&lt;script&gt;document.title=&quot;broken&quot;&lt;/script&gt;&lt;b&gt;"
    assert f"<li>{escaped}: memory carried 90 % of the way" in page
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


def test_a_long_table_folds_and_can_be_taken_away_whole():
    page = rendered([f"number {n}" for n in range(103)])
    assert "<table data-shown=16>" in page and "data-shown" not in rendered(["adam"])
    (data,) = re.findall(r'id="data-summary">([^<]*)<', page)
    taken = pd.read_csv(io.BytesIO(gzip.decompress(base64.b64decode(data))))
    assert list(taken["label"]) == [f"number {n}" for n in range(103)]


def test_the_page_counts_one_of_a_thing_in_the_singular():
    assert "<td>1 point × 1 seed, 1 optimizer update, 1 compiled structure</td>" in rendered(["adam"])
    assert "<td>seeds</td><td>0</td>" in rendered(["adam"])


def test_the_command_stands_there_to_be_copied():
    assert "<pre><code>ratiodrift run made</code></pre><button type=button class=copy hidden>" in rendered(["adam"])


def test_the_scenario_stands_there_as_a_file(page, finished):
    (written,) = re.findall(
        r"The scenario, as a file</summary><div class=command><pre><code>(.*?)</code>", page, re.DOTALL
    )
    assert tomllib.loads(unescape(written)) == finished.manifest["scenario"]

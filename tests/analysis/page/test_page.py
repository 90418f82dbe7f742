"""The parts of a page: verdicts in words, data inside it, tables, and what the browser may do for it."""

import base64
import gzip
import hashlib
import io
import json
import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.explaining import Explanation
from analysis.figures.style import Figure
from analysis.page import Section, data_block, document, figure_block, html_table, page
from analysis.page.sections import explained, verdict_list

CLAIM = {
    "says": "Ratios stay", "source": "", "metric": "ratio/max", "fit": None, "relation": "equal", "tolerance": 0.02,
    "against": {}, "prediction": 1.6, "predicted": 1.6, "measured": 1.6151, "low": 1.61, "high": 1.62, "level": 0.95,
    "method": "Student's t", "seeds": 16, "largest_deviation": 0.0151, "cases": 3, "verdict": "holds",
    "worst_case": {"variant": "adamw, b1 = 0", "rollout": 4, "n": 23, "j": 10}, "why": "all is well",
}  # fmt: skip


def said(**changes):
    """What a reader sees of one claim: its sentences, without tags."""
    text = re.sub(r"</(p|b)>", r"</\1> ", verdict_list([CLAIM | changes]))
    return " ".join(re.sub(r"<[^>]+>", "", text).replace("&#x27;", "'").replace(" ,", ",").split())


def test_a_verdict_says_predicted_measured_interval_seeds_and_the_largest_deviation():
    assert said() == (
        "✓ holds Ratios stay ratio/max: predicted 1.6, measured 1.615 (95 % interval 1.61 to 1.62 over 16 seeds, "
        "Student's t). Largest deviation 0.0151, where 0.02 is allowed, at adamw, b1 = 0, rollout 4, n = 23, j = 10, "
        "of 3 cases."
    )


def test_the_sign_is_a_word_and_a_mark_and_a_colour():
    for verdict, mark, kind in (("holds", "✓", "holds"), ("fails", "✗", "fails"), ("cannot tell", "?", "cannot-tell")):
        text = verdict_list([CLAIM | {"verdict": verdict}])
        assert f"<li class={kind}>" in text and f">{mark}</i> {verdict}</b>" in text
    assert verdict_list([]) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"relation": "at_least", "largest_deviation": -0.0151}, "predicted at least 1.6,"),
        ({"relation": "at_least", "largest_deviation": -0.0151}, "At the least 0.0151 inside the bound,"),
        ({"relation": "at_most"}, "predicted at most 1.6,"),
        ({"relation": "at_most", "largest_deviation": 0.0151}, "0.0151 beyond the bound,"),
        (
            {"prediction": "positive", "predicted": 0.0, "largest_deviation": -1.6151},
            "predicted more than 0, measured 1.615",
        ),
        (
            {"prediction": "positive", "predicted": 0.0, "largest_deviation": -1.6151},
            "At the least 1.615 inside the bound, where 0.02 is asked, at adamw",
        ),
        ({"relation": "at_most", "largest_deviation": 0.0}, "Just at the bound,"),
        ({"relation": "at_least", "prediction": "positive", "predicted": 0.0}, "predicted more than 0,"),
        ({"low": None, "high": None}, "measured 1.615 (16 seeds)."),
        ({"low": None, "high": None, "seeds": 1}, "measured 1.615 (1 seed)."),
        ({"low": 1.6151, "high": 1.6151}, "measured 1.615 (alike in all 16 seeds)."),
        ({"fit": {"kind": "half_life", "over": "j"}}, "half-life of ratio/max over j: predicted"),
        ({"against": {"optimizer.b1": 0.0}}, "ratio/max, less that at optimizer.b1 = 0: predicted"),
        ({"verdict": "fails"}, "Ratios stay All is well. ratio/max"),
        ({"predicted": None, "measured": None, "largest_deviation": None, "worst_case": None}, "nothing measured."),
        ({"cases": 1}, "at adamw, b1 = 0, rollout 4, n = 23, j = 10."),
        ({"source": "a paper"}, "of 3 cases. a paper"),
    ],
)
def test_a_verdict_says_what_kind_of_claim_it_is_about(changes, words):
    assert words in said(**changes)


def test_explanations_stand_in_their_order_and_say_what_they_rest_on():
    first = Explanation(
        "quiet", "<x> is 0", {"clip/active": 0.0, "ratio/max": [1.2, 1.5]}, "docs/theory.md#a", ("adam",)
    )
    text = explained([first, Explanation("loud", "y rises", {}, "docs/theory.md#b")])
    assert text.index("&lt;x&gt; is 0") < text.index("y rises")
    assert "Looked at: clip/active = 0, ratio/max = 1.2 to 1.5." in text
    assert "Rule <code>quiet</code>, explained in <code>docs/theory.md#a</code>." in text
    assert explained([]) == ""


def taken(block):
    """The data inside a page, as a browser takes them out."""
    (data,) = re.findall(
        r'<script type="application/octet-stream;base64" id="data-\w+">([A-Za-z0-9+/=]*)</script>', block
    )
    return pd.read_csv(io.BytesIO(gzip.decompress(base64.b64decode(data))))


def test_data_come_out_as_they_went_in():
    frame = pd.DataFrame({"label": ['</script>,"', "∞\nb"], "value": [1 / 3, 1e-300]})
    block = data_block("name", frame)
    pd.testing.assert_frame_equal(taken(block), frame)
    assert "<small>2 rows</small>" in block and "1 row<" in data_block("name", frame[:1])
    assert data_block("name", frame) == block  # the same bytes every time


def test_data_beyond_the_room_are_thinned_and_say_so(monkeypatch):
    monkeypatch.setattr(document, "MAX_BYTES", 20_000)
    monkeypatch.setattr(document, "PROBE", 1_000)
    noise = np.random.default_rng(0).normal(size=30_000)
    frame = pd.DataFrame({"row": np.arange(30_000), "update": np.arange(30_000) % 40, "value": noise})
    block = data_block("name", frame)
    rows = taken(block)
    assert 500 < len(rows) < 5_000 and 10_000 < len(block) * 3 / 4 < 30_000
    told = f"<small>{len(rows):,} of 30,000 rows, drawn at random; <code>ratiodrift export</code> writes all</small>"
    assert told in block
    pd.testing.assert_frame_equal(rows, frame.iloc[rows["row"]].reset_index(drop=True))
    assert rows["row"].is_monotonic_increasing and set(rows["update"]) == set(range(40))


def test_data_just_larger_than_the_probe_are_whole(monkeypatch):
    monkeypatch.setattr(document, "PROBE", 10)
    frame = pd.DataFrame({"value": np.arange(25.0)})
    pd.testing.assert_frame_equal(taken(data_block("name", frame)), frame)
    assert list(taken(data_block("name", frame[:0])).columns) == ["value"]


def test_tags_of_plotly_stay_tags_and_all_else_is_text():
    labels = ["a<br>b", "10<sup>3</sup>", "<a href='x'>c</a>", "</script><script>", "\\u003cu>", "<extra></extra>"]
    block = figure_block(Figure("name", "<Title>", "<Reading>", go.Figure(go.Bar(y=[1] * 6, x=labels))))
    (text,) = re.findall(r"<script type=application/json class=drawn data-for=plot-name>(.*?)</script>", block)
    assert "<" not in text
    assert json.loads(text)["data"][0]["x"] == [
        "a<br>b", "10<sup>3</sup>", "&lt;a href='x'>c&lt;/a>",
        "&lt;/script>&lt;script>", "\\u003cu>", "<extra></extra>",
    ]  # fmt: skip
    assert "<h3>&lt;Title&gt;</h3>" in block and "<figcaption>&lt;Reading&gt;</figcaption>" in block
    assert "Data (CSV)" not in block  # it has none


def test_a_table_folds_where_it_has_more_rows_than_shown():
    rows = [[str(n), "x"] for n in range(5)]
    assert "data-shown" not in html_table(["a", "b"], rows) + html_table(["a", "b"], rows, shown=5)
    assert "<table data-shown=4>" in html_table(["a", "b"], rows, shown=4)
    assert "<th colspan=2>alone</th>" in html_table(["a", "b"], [["alone"]])


def test_the_policy_knows_every_script_of_the_page_and_no_other():
    figure = figure_block(Figure("name", "Title", "Reading", go.Figure(go.Bar(y=[1]))))
    text = page("T", figure)
    (policy,) = re.findall(r'http-equiv=Content-Security-Policy content="([^"]*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert len(scripts) == 2 and set(re.findall(r"'sha256-([^']*)'", policy)) == digests
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy.split("style-src")[0]


def test_a_page_has_plotly_once_and_only_where_something_is_drawn():
    figure = figure_block(Figure("name", "Title", "Reading", go.Figure(go.Bar(y=[1]))))
    assert len(page("T", figure + figure)) < len(page("T", figure)) + 20_000
    assert len(page("A table", "<p>text</p>", [Section("a", "A", "<p>b</p>"), Section("b", "B", "")])) < 40_000

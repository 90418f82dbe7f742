"""The ratio fan: medians, ribbons, the clip band, the last gradient."""

import numpy as np
import pytest

from analysis.figures.ratio_fan import fan, ratio_fan
from tests.analysis.figures.rows import RATIOS, UPDATES
from tests.analysis.made import made_run


def test_the_fan_begins_at_one_and_draws_the_median():
    run = made_run(UPDATES, ratios=RATIOS)
    lines = fan(run.ratios[run.ratios["advantage"] > 0])
    # medians of (1.1, 1.3) and (1.2, 1.6); quantiles of log-ratios, so geometric between the two
    np.testing.assert_allclose(lines[0.5], [1.0, np.sqrt(1.1 * 1.3), np.sqrt(1.2 * 1.6)])


def test_the_fan_marks_the_last_gradient_and_shades_the_band():
    drawing = ratio_fan(made_run(UPDATES, ratios=RATIOS)).drawing
    (mark,) = [trace for trace in drawing.data if trace.mode == "markers"]
    assert list(mark.x) == [1]
    (band,) = [shape for shape in drawing.layout.shapes if shape.type == "rect"]
    assert (band.y0, band.y1) == (pytest.approx(0.8), pytest.approx(1.2))


def test_the_fan_needs_recorded_ratios_and_more_than_one_update():
    assert ratio_fan(made_run(UPDATES)) is None
    assert ratio_fan(made_run(UPDATES[:1], ratios=RATIOS[:3])) is None


def test_the_fan_gives_away_the_quantiles_that_it_draws():
    data = ratio_fan(made_run(UPDATES, ratios=RATIOS)).data
    up = data[data["sign_of_advantage"] == 1]
    assert up["update"].tolist() == [0, 1, 2] and set(data["label"]) == {"made"}
    np.testing.assert_allclose(up["ratio/q50"], [1.0, np.sqrt(1.1 * 1.3), np.sqrt(1.2 * 1.6)])
    assert data[data["sign_of_advantage"] == -1]["ratio/q50"].tolist() == pytest.approx([1.0, 0.9, 0.7])


def test_panels_of_prompts_have_the_ratios_of_their_own_prompt():
    ratios = [row | {"prompt": prompt} for prompt in (3, 5) for row in RATIOS]
    ratios = [row | {"log_ratio": 2 * row["log_ratio"]} if row["prompt"] == 5 else row for row in ratios]
    drawing = ratio_fan(made_run(UPDATES, ratios=ratios)).drawing
    assert [title.text for title in drawing.layout.annotations] == ["prompt 3", "prompt 5"]
    medians = {trace.xaxis: trace.y[-1] for trace in drawing.data if trace.mode == "lines+markers"}
    assert medians == {"x": pytest.approx(np.sqrt(1.2 * 1.6)), "x2": pytest.approx(1.2 * 1.6)}


def test_a_bound_on_whole_sequences_is_no_band_for_tokens():
    surrogate = {"gate": {"kind": "clip", "clip_low": 0.2, "clip_high": 0.2}, "level": {"kind": "sequence"}}
    assert not ratio_fan(made_run(UPDATES, ratios=RATIOS, surrogate=surrogate)).drawing.layout.shapes


def test_a_predicted_largest_ratio_is_a_dashed_line():
    claims = [
        {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0},
        {"metric": "ratio/max", "predicted": 1.5, "relation": "at_least"},  # a bound is no level
    ]
    drawing = ratio_fan(made_run(UPDATES, ratios=RATIOS, claims=claims)).drawing
    (line,) = [trace for trace in drawing.data if trace.line.dash == "dash"]
    # one of four equal arms is rewarded: 1 + 0.2 · 3
    assert (list(line.x), list(line.y)) == ([0, 2], [pytest.approx(1.6)] * 2) and line.name == "predicted 1.6"

"""Histograms of log-ratios, update by update."""

import numpy as np
import pytest

from analysis.figures.scrubber import bin_edges, chosen, histograms, scrubber, spaced
from tests.analysis.figures.rows import RATIOS, UPDATES, token
from tests.analysis.made import made_run

MOVING = [
    token(1, 0, 1.0, 1.1), token(1, 1, 1.0, 1.3), token(1, 2, -1.0, 0.9),
    token(2, 0, 1.0, 1.25), token(2, 1, 1.0, 1.6), token(2, 2, -1.0, 0.7),
]  # fmt: skip


def test_every_token_is_in_the_bin_of_its_log_ratio():
    data = scrubber(made_run(UPDATES, ratios=MOVING)).data
    for number, ratios in ((1, (0.9, 1.1, 1.3)), (2, (0.7, 1.25, 1.6))):
        own = data[data["update"] == number]
        assert own["share"].tolist() == [pytest.approx(1 / 3)] * 3
        assert (own["from"] <= np.log(ratios) + 1e-12).all() and (np.log(ratios) <= own["to"] + 1e-12).all()


def test_tokens_beyond_the_bound_of_their_advantage_are_drawn_in_another_shade():
    figure = scrubber(made_run(UPDATES, ratios=MOVING))
    # 1.3 alone at first; at last 1.25, 1.6 with A > 0, and 0.7 with A < 0
    assert figure.data.groupby("update")["share beyond the bound"].sum().tolist() == [pytest.approx(1 / 3), 1.0]
    sums = [[sum(bars.y) for bars in frame.data] for frame in figure.drawing.frames]
    np.testing.assert_allclose(sums, [[2 / 3, 1 / 3], [0.0, 1.0]], atol=1e-3)
    assert [sum(bars.y) for bars in figure.drawing.data] == pytest.approx([0.0, 1.0], abs=1e-3)  # the last is shown
    lines = [shape.x0 for shape in figure.drawing.layout.shapes if shape.type == "line"]
    assert lines == pytest.approx([np.log(0.8), np.log(1.2)])


def test_the_slider_has_a_place_for_each_update_and_all_frames_have_the_same_axes():
    drawing = scrubber(made_run(UPDATES, ratios=MOVING)).drawing
    (slider,) = drawing.layout.sliders
    assert [step.label for step in slider.steps] == ["rollout 0, update 1", "rollout 0, update 2"]
    assert [step.args[0] for step in slider.steps] == [(frame.name,) for frame in drawing.frames]
    assert all(step.method == "animate" for step in slider.steps)
    assert drawing.layout.xaxis.range is not None and drawing.layout.yaxis.range is not None
    assert {len(bars.y) for frame in drawing.frames for bars in frame.data} == {len(drawing.data[0].x)}


def test_a_histogram_needs_ratios_that_move():
    assert scrubber(made_run(UPDATES)) is None
    assert scrubber(made_run(UPDATES, ratios=MOVING[:3])) is None
    assert scrubber(made_run(UPDATES, ratios=[row | {"log_ratio": 0.0} for row in RATIOS])) is None


def test_a_variant_without_a_clip_has_no_band_and_what_diverged_is_left_out():
    free = {"experiment": {"surrogate": {"gate": {"kind": "ratio"}}}}
    ratios = [row | {"point": point} for point in range(2) for row in MOVING]
    ratios[-1] = ratios[-1] | {"log_ratio": np.nan}
    figure = scrubber(made_run(UPDATES, ratios=ratios, points=[{"method": "clip"}, {"method": "none", **free}]))
    assert {shape.xref for shape in figure.drawing.layout.shapes} == {"x"}
    last = figure.data[(figure.data["label"] == "none") & (figure.data["update"] == 2)]
    assert last["share"].tolist() == [0.5, 0.5] and last["share beyond the bound"].sum() == 0


def test_bins_have_edges_at_the_bounds_and_stop_not_far_beyond_them():
    low, high = np.log(0.8), np.log(1.2)
    edges = bin_edges(-0.5, 1.0, [(low, high), (low, 0.25)])
    assert min(abs(edges - low)) < 1e-12 and min(abs(edges - high)) < 1e-12
    assert edges[0] <= -0.5 and edges[-1] >= 1.0 and 40 <= len(edges) <= 60
    edges = bin_edges(-50.0, 0.01, [(low, high)])
    assert edges[0] == pytest.approx(8 * low, abs=0.1) and edges[-1] >= 1.25 * high - 1e-12
    np.testing.assert_allclose(bin_edges(-0.1, 0.1, [(-np.inf, high)])[[0, -1]], [-1.25 * high, 1.25 * high], atol=0.02)


def test_what_has_not_moved_is_amid_a_bin_where_there_are_no_bounds():
    edges = bin_edges(-0.5, 1.0, [])
    after = edges[edges > 0][0]
    assert after == pytest.approx(-edges[edges < 0][-1]) and edges[0] <= -0.5 and edges[-1] >= 1.0


def test_at_first_the_end_of_the_first_rollout_is_seen():
    later = [row | {"rollout": 1, "log_ratio": 0.0} for row in MOVING]
    drawing = scrubber(made_run(UPDATES, ratios=MOVING + later)).drawing
    assert drawing.layout.sliders[0].active == 1 and len(drawing.frames) == 4
    assert list(drawing.data[1].y) == list(drawing.frames[1].data[1].y)
    once = [row for row in MOVING + later if row["update"] == 1]  # with one update each: the last rollout's
    assert scrubber(made_run(UPDATES, ratios=once)).drawing.layout.sliders[0].active == 1


def test_whole_rollouts_are_shown_where_not_all_updates_fit():
    frames = [(rollout, number) for rollout in (0, 5, 9) for number in range(1, 51)]
    shown = [frames[index] for index in chosen(frames, 120)]
    assert {rollout for rollout, _ in shown} == {0, 9} and len(shown) == 100
    assert [frames[index] for index in chosen(frames[:50], 3)] == [(0, 1), (0, 25), (0, 50)]
    assert (spaced(5, 3), spaced(2, 9), spaced(0, 3)) == ([0, 2, 4], [0, 1], [])


def test_histograms_are_of_the_updates_that_are_asked_for():
    later = [row | {"rollout": 1, "log_ratio": -0.25} for row in MOVING]
    run = made_run(UPDATES, ratios=MOVING + later)
    found = histograms(run, {0: None}, [(0, 2), (1, 1)], np.array([-0.5, 0.0, 0.5]))
    # of 1.25, 1.6 and 0.7 one is below 1; of the others all are
    np.testing.assert_allclose(found[:, 0, 0], [[1 / 3, 2 / 3], [1.0, 0.0]])
    assert not found[:, :, 1].any()

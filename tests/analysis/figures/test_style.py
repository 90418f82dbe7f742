"""Labels, colours and panels that all figures share."""

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.figures.bounds import beyond, bounds
from analysis.figures.style import ENTRY, TITLE, dress, plain, wrapped
from analysis.figures.variants import variants
from tests.analysis.figures.rows import UPDATES
from tests.analysis.made import made_run


def test_compared_parts_have_colours_and_axes_make_panels():
    points = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    kinds = variants(made_run(UPDATES, points=points))
    assert kinds.colours == ["a", "b"]
    assert kinds.panels == ["reward_scale = 0.1", "reward_scale = 1", "reward_scale = 10"]
    assert kinds.colour_of == [0, 0, 0, 1, 1, 1]


def test_long_labels_are_broken_between_their_parts():
    assert wrapped("adamw, b1 = 0.9, sampled") == "adamw, b1 = 0.9, sampled"
    assert wrapped("clip_low = 0.1, bias = [-3.5, 0, 0, 0]") == "clip_low = 0.1,<br>bias = [-3.5, 0, 0, 0]"


HOSTILE = "<b>x</b>, %{y} & <a href='https://example.org'>"


def test_text_of_a_scenario_is_text_in_a_drawing():
    # plotly reads tags in labels, and %{…} in what a pointer shows
    assert plain(HOSTILE) == "&lt;b&gt;x&lt;/b&gt;, %&#123;y} &amp; &lt;a href='https://example.org'&gt;"
    assert "<b>" not in wrapped(HOSTILE) and "<br>" in wrapped(HOSTILE)
    assert variants(made_run(UPDATES, points=[{"optimizer": HOSTILE}])).name(0) == plain(HOSTILE)


def test_words_longer_than_a_line_are_broken():
    assert wrapped("x" * 60, 20) == "<br>".join(["x" * 20] * 3)
    assert wrapped("each source by itself", 15) == "each source by<br>itself"


def test_a_long_legend_and_titles_of_several_lines_make_a_drawing_higher():
    def height(entries, title):
        drawing = go.Figure([go.Scatter(x=[0], y=[0], name=str(entry)) for entry in range(entries)])
        return dress(drawing.add_annotation(text=title, xref="paper", yref="paper"), height=400).layout.height

    assert (height(3, "a"), height(5, "a"), height(3, "a<br>b")) == (400, 400 + 2 * ENTRY, 400 + TITLE)


def test_all_colours_of_one_panel_come_before_those_of_the_next():
    points = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    kinds = variants(made_run(UPDATES, points=points))
    assert kinds.first(2) == [0, 3] and kinds.first(3) == [0, 1, 3] and kinds.first(2, [1, 2, 4]) == [1, 4]


def test_a_clip_bounds_tokens_in_logarithms():
    def limits(**surrogate):
        return bounds(made_run(UPDATES, surrogate=surrogate), 0)

    clip = {"kind": "clip", "clip_low": 0.2, "clip_high": 0.28}
    assert limits(gate=clip) == (pytest.approx(np.log(0.8)), pytest.approx(np.log(1.28)))
    assert limits(gate=clip, level={"kind": "sequence"}) is None
    assert limits(gate={"kind": "sigmoid"}) is None
    two = {"kind": "two_sided_clip", "clip_low": 0.2, "clip_high": 0.28, "negative_low": 0.5}
    assert limits(gate=two) == (pytest.approx(np.log(0.5)), pytest.approx(np.log(1.28)))


def test_a_token_is_beyond_the_bound_that_its_advantage_pushes_towards_alone():
    log_ratio = np.array([0.3, 0.3, -0.3, -0.3, 0.1, 0.3])
    advantage = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 0.0])
    assert beyond(log_ratio, advantage, (-0.2, 0.2)).tolist() == [True, False, False, True, False, False]
    assert not beyond(log_ratio, advantage, None).any()

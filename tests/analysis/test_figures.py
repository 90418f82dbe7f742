"""Figures hold the numbers that they claim to, and are left out where the data do not support them."""

import numpy as np
import pytest

from analysis.figures.causes import causes
from analysis.figures.comparison import comparison
from analysis.figures.elasticity import elasticity
from analysis.figures.heat_map import heat_map
from analysis.figures.predicted import predicted_against_measured
from analysis.figures.ratio_fan import fan, ratio_fan
from analysis.figures.residuals import residuals
from analysis.figures.style import variants, wrapped
from analysis.summary import summarize
from tests.analysis.made import ADAM, made_run


def token(update, completion, advantage, ratio, point=0, prompt=0):
    row = {"point": point, "seed": 0, "rollout": 0, "update": update, "prompt": prompt, "completion": completion}
    return row | {"position": 0, "token": 1, "advantage": advantage, "log_ratio": np.log(ratio)}


def update(number, grad, size=1.0, point=0, ratio=1.0):
    row = {"point": point, "seed": 0, "rollout": 0, "update": number, "ratio/max": ratio}
    return row | {"grad/norm": grad, "update/norm": size, "diverged": 0.0}


RATIOS = [
    token(1, 0, 1.0, 1.1), token(1, 1, 1.0, 1.3), token(1, 2, -1.0, 0.9),
    token(2, 0, 1.0, 1.2), token(2, 1, 1.0, 1.6), token(2, 2, -1.0, 0.7),
]  # fmt: skip
UPDATES = [update(1, 1.0, 2.0, ratio=1.3), update(2, 0.0, 1.0, ratio=1.6)]


def with_summary(run):
    run.__dict__["summary"] = summarize(run)
    return run


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
    assert (band.y0, band.y1) == (0.8, 1.2)


def test_the_fan_needs_recorded_ratios_and_more_than_one_update():
    assert ratio_fan(made_run(UPDATES)) is None
    assert ratio_fan(made_run(UPDATES[:1], ratios=RATIOS[:3])) is None


def test_residuals_draw_measured_points_on_the_predicted_line():
    training = {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64"}
    claim = {"metric": "residual_update", "predicted": "adam_residual", "tolerance": 1.0}
    points, line = residuals(made_run(UPDATES, claims=[claim], training=training)).drawing.data
    assert (list(points.x), list(points.y)) == ([0, 1], [1.0, 0.5])  # from the last update with a gradient on
    # n = 1, j = 1, (0.9, 0.999): 0.670
    assert list(line.y) == [1.0, pytest.approx(0.670, abs=5e-4)]
    assert residuals(made_run(UPDATES)) is None


def stopping(*tails):
    """A run of one optimizer each, whose updates after the only gradient are these."""
    rows = [
        update(number, 1.0 if number == 1 else 0.0, size, point=point)
        for point, tail in enumerate(tails)
        for number, size in enumerate((1.0, *tail), start=1)
    ]
    claims = [{"metric": "residual_update", "predicted": 1.0}]
    training = {"epochs": 3, "minibatches": 1, "group_size": 4, "precision": "float64"}
    points = [{"optimizer": f"number {point}"} for point in range(len(tails))]
    return made_run(rows, points=points, claims=claims, training=training)


def test_residuals_are_drawn_in_logarithms_where_they_span_decades_and_what_stops_falls_out_below():
    axis = residuals(stopping((0.9, 0.8))).drawing.layout.yaxis
    assert (axis.type, axis.title.text) == (None, "size of the update")
    figure = residuals(stopping((0.9, 0.8), (0.0, 0.0))).drawing
    assert figure.layout.yaxis.type == "log"
    stopped = figure.data[2]
    assert stopped.mode == "lines+markers" and stopped.y[1] < 10 ** figure.layout.yaxis.range[0]
    assert list(stopped.customdata) == [1.0, 0.0, 0.0]  # what a pointer on it shows


def test_more_optimizers_than_colours_are_drawn_in_bundles():
    alike, apart = (0.9, 0.81), (0.5, 0.25)
    figure = residuals(stopping(*[alike] * 8, apart))
    points = figure.drawing.data[::2]
    assert len({trace.marker.color for trace in points}) == 2 and len(points) == 9
    shown = [trace.name.replace("<br>", " ") for trace in points if trace.showlegend]
    assert shown[0].startswith("number 0 · number 1 ·") and shown[0].endswith("more") and shown[1] == "number 8"
    # too many bundles for a legend as well
    figure = residuals(stopping(*[(0.9 - index / 10, 0.5) for index in range(9)]))
    assert figure.drawing.layout.showlegend is False and "a pointer on one shows its name" in figure.reading


def test_the_comparison_is_a_curve_over_an_axis_and_dots_without_one():
    scales = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(6)]
    curves = comparison(with_summary(made_run(rows, points=scales))).drawing
    assert [(list(curve.x), list(curve.y)) for curve in curves.data] == [
        ([0.1, 1.0, 10.0], [1.0, 2.0, 3.0]),
        ([0.1, 1.0, 10.0], [4.0, 5.0, 6.0]),
    ]
    assert curves.layout.xaxis.type == "log"
    (dots,) = comparison(with_summary(made_run(rows[:2], points=[{"method": "a"}, {"method": "b"}]))).drawing.data
    assert (list(dots.y), list(dots.x)) == (["b", "a"], [2.0, 1.0])


def test_an_undefined_headline_is_not_drawn():
    rows = [update(1, 1.0, ratio=np.nan)]
    assert comparison(with_summary(made_run(rows))) is None


def test_predicted_against_measured_has_a_point_a_case():
    points = [{"method.clip_low": width} for width in (0.1, 0.2, 0.3)]
    rows = [update(1, 1.0, point=point, ratio=value) for point, value in enumerate((1.5, 1.6, 1.7))]
    claim = {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0}
    *cases, diagonal = predicted_against_measured(made_run(rows, points=points, claims=[claim])).drawing.data
    assert [case.y[0] for case in cases] == [1.5, 1.6, 1.7]
    assert list(diagonal.x) == list(diagonal.y)


def test_compared_parts_have_colours_and_axes_make_panels():
    points = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    kinds = variants(made_run(UPDATES, points=points))
    assert kinds.colours == ["a", "b"]
    assert kinds.panels == ["reward_scale = 0.1", "reward_scale = 1", "reward_scale = 10"]
    assert kinds.colour_of == [0, 0, 0, 1, 1, 1]


def test_a_variant_without_the_axis_is_left_out_of_its_curves():
    points = [{"optimizer": "sgd", "optimizer.momentum": value} for value in (0.0, 0.5, 0.9)] + [{"optimizer": "adam"}]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(4)]
    (curve,) = comparison(with_summary(made_run(rows, points=points))).drawing.data
    assert list(curve.y) == [1.0, 2.0, 3.0]


def test_an_axis_of_texts_names_its_curves():
    points = [{"optimizer.state": state, "optimizer.b1": b1} for state in ("keep", "reset") for b1 in (0.0, 0.5, 0.9)]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(6)]
    curves = comparison(with_summary(made_run(rows, points=points))).drawing.data
    assert [curve.name for curve in curves] == ["state = keep", "state = reset"]


def test_long_labels_are_broken_between_their_parts():
    assert wrapped("adamw, b1 = 0.9, sampled") == "adamw, b1 = 0.9, sampled"
    assert wrapped("clip_low = 0.1, bias = [-3.5, 0, 0, 0]") == "clip_low = 0.1,<br>bias = [-3.5, 0, 0, 0]"


def parts(point=0, rollout=0, **sizes):
    """The last of two updates of a rollout, and half of each cause in the one before."""
    causes = {f"drift/{name}": size / 2 for name, size in sizes.items()}
    for number, excess in ((1, 9.0), (2, sum(sizes.values()) - sizes.get("earlier", 0.0))):
        row = update(number, 1.0, point=point) | causes | {"rollout": rollout}
        yield row | {"drift/excess_mean": excess, "twin/drift/excess_mean": 0.05 + 0.1 * point}


CAUSED = [
    # the coasting part, 0.3, was a third from earlier rollouts
    *parts(point=0, crossing=0.1, coupled=0.05, coasted=0.3, earlier=0.1, decayed=-0.02, curved=0.01),
    *parts(point=1, rollout=0, crossing=0.2, coupled=0.4, coasted=0.0, decayed=0.0, curved=0.0),
    *parts(point=1, rollout=1, crossing=0.0, coupled=0.2, coasted=0.0, decayed=0.0, curved=0.0),
]
ADAM_AND_SGD = [{"optimizer": "adam"}, {"optimizer": "sgd"}]


def drawn_bars(figure):
    """{cause: {variant: size}}"""
    return {bar.name: dict(zip(bar.y, bar.x, strict=True)) for bar in figure.drawing.data if bar.type == "bar"}


def marked(figure, symbol):
    (marks,) = [trace for trace in figure.drawing.data if trace.type == "scatter" and trace.marker.symbol == symbol]
    return dict(zip(marks.y, marks.x, strict=True))


def test_the_causes_of_every_variant_add_up_to_its_excess():
    figure = causes(with_summary(made_run(CAUSED, points=ADAM_AND_SGD)))
    bars = drawn_bars(figure)
    total = {name: sum(sizes[name] for sizes in bars.values()) for name in ("adam", "sgd")}
    # 0.1 + 0.05 + 0.3 − 0.02 + 0.01, and the mean of two rollouts with 0.6 and 0.2
    assert total == {"adam": pytest.approx(0.44), "sgd": pytest.approx(0.4)}
    assert marked(figure, "circle") == {"adam": pytest.approx(0.44), "sgd": pytest.approx(0.4)}


def test_memory_is_divided_where_earlier_rollouts_share_in_it():
    bars = drawn_bars(causes(with_summary(made_run(CAUSED, points=ADAM_AND_SGD))))
    assert bars["memory of this rollout's gradients"] == {"adam": pytest.approx(0.2), "sgd": 0.0}
    assert bars["memory of earlier rollouts"] == {"adam": pytest.approx(0.1), "sgd": 0.0}
    assert bars["weight decay"] == {"adam": pytest.approx(-0.02), "sgd": 0.0}


def test_a_cause_that_nobody_has_is_not_drawn():
    rows = [row for row in CAUSED if row["point"] == 1]
    figure = causes(with_summary(made_run([row | {"point": 0} for row in rows], points=[{"optimizer": "sgd"}])))
    assert list(drawn_bars(figure)) == ["the step across the bound", "coupling: other tokens' gradients"]


def test_the_twin_is_marked_where_it_ends_and_where_there_is_one():
    figure = causes(with_summary(made_run(CAUSED, points=ADAM_AND_SGD)))
    assert marked(figure, "diamond") == {"adam": pytest.approx(0.05), "sgd": pytest.approx(0.15)}
    assert "memoryless twin" in figure.reading
    alone = [{key: value for key, value in row.items() if not key.startswith("twin/")} for row in CAUSED]
    figure = causes(with_summary(made_run(alone, points=ADAM_AND_SGD)))
    assert "memoryless twin" not in figure.reading
    assert [trace.name for trace in figure.drawing.data if trace.type == "scatter"] == ["all together"]


def test_there_are_no_causes_without_an_excess_taken_apart():
    assert causes(with_summary(made_run(UPDATES))) is None
    nothing = list(parts(crossing=0.0, coupled=0.0, coasted=0.0))[1:]
    assert causes(with_summary(made_run(nothing))) is None
    whole = [{key: value for key, value in row.items() if key != "drift/coasted"} for row in CAUSED]
    assert causes(with_summary(made_run(whole, points=ADAM_AND_SGD))) is None


def test_a_variant_that_was_not_taken_apart_has_no_bar():
    rows = [row | {"drift/coasted": np.nan} if row["point"] == 1 else row for row in CAUSED]
    figure = causes(with_summary(made_run(rows, points=ADAM_AND_SGD)))
    assert list(marked(figure, "circle")) == ["adam"]


def test_more_variants_than_bars_are_counted():
    rows = [row for point in range(26) for row in parts(point=point, crossing=0.1, coasted=0.2)]
    figure = causes(with_summary(made_run(rows, points=[{"optimizer": f"number {n}"} for n in range(26)])))
    assert len(marked(figure, "circle")) == 24 and "2 more variants" in figure.reading


def crossed(across=4, up=3, **others):
    """A grid of points; the headline of the cell in column i and row j is 1 + i + 10 j, and 100 more for each panel."""
    ((name, values),) = others.items() or ((None, [None]),)
    points, rows = [], []
    for panel, value in enumerate(values):
        for i in range(across):
            for j in range(up):
                rest = {} if name is None else {name: value}
                points.append({"optimizer.b1": 0.5**i, "method.clip_low": 0.1 * (j + 1), **rest})
                rows.append(update(1, 1.0, point=len(rows), ratio=1.0 + i + 10 * j + 100 * panel))
    return rows, points


def test_a_map_has_the_headline_of_every_cell():
    rows, points = crossed()
    figure = heat_map(with_summary(made_run(rows, points=points)))
    (cells,) = figure.drawing.data
    assert list(cells.x) == ["0.125", "0.25", "0.5", "1"]  # in rising order, b1 the longer axis
    assert list(cells.y) == ["0.1", "0.2", "0.3"]
    assert np.asarray(cells.z).tolist() == [[4, 3, 2, 1], [14, 13, 12, 11], [24, 23, 22, 21]]
    assert figure.title == "ratio/max at the end of a rollout, over b1 and clip_low"


def test_a_third_column_makes_panels():
    rows, points = crossed(optimizer=["sgd", "adam"])
    figure = heat_map(with_summary(made_run(rows, points=points))).drawing
    assert [title.text for title in figure.layout.annotations] == ["sgd", "adam"]  # in the scenario's order
    assert [np.asarray(cells.z)[0].tolist() for cells in figure.data] == [[4, 3, 2, 1], [104, 103, 102, 101]]
    rows, points = crossed(**{"optimizer.state": ["keep", "reset"]})
    figure = heat_map(with_summary(made_run(rows, points=points))).drawing
    assert [title.text for title in figure.layout.annotations] == ["state = keep", "state = reset"]


def test_more_panels_than_there_is_room_for_are_counted():
    rows, points = crossed(optimizer=list("abcdef"))
    figure = heat_map(with_summary(made_run(rows, points=points)))
    assert len(figure.drawing.data) == 4
    assert figure.least_width > 4 * 100  # narrower screens scroll
    assert figure.reading.endswith("2 more values of optimizer are in the tables.")


def test_colours_are_of_logarithms_where_values_span_decades():
    rows, points = crossed()
    for row in rows:
        row["ratio/max"] = 10.0 ** -(row["ratio/max"] - 1)
    (cells,) = heat_map(with_summary(made_run(rows, points=points))).drawing.data
    np.testing.assert_allclose(cells.z[1], [-13.0, -12.0, -11.0, -10.0])
    np.testing.assert_allclose(cells.customdata[1], [1e-13, 1e-12, 1e-11, 1e-10])


def test_few_cells_and_many_axes_are_no_map():
    def mapped(rows, points):
        return heat_map(with_summary(made_run(rows, points=points)))

    assert mapped(*crossed(across=4, up=3)) is not None
    assert mapped(*crossed(across=3, up=3)) is None  # nine cells
    assert mapped(*crossed(across=12, up=2)) is None  # two values are no axis
    rows, points = crossed(optimizer=["sgd", "adam"])
    assert mapped(rows, [point | {"method": "grpo"} for point in points]) is None  # a fourth column
    rows, points = crossed()
    assert mapped([row | {"ratio/max": np.nan} for row in rows], points) is None


def test_a_variant_without_one_of_the_axes_makes_curves_of_the_map():
    rows, points = crossed()
    rows.append(update(1, 1.0, point=12, ratio=5.0))
    run = with_summary(made_run(rows, points=[*points, {"method.clip_low": 0.1}]))
    assert heat_map(run) is None and comparison(run) is not None


def test_there_is_a_map_or_a_comparison_but_not_both():
    run = with_summary(made_run(*crossed()[:1], points=crossed()[1]))
    assert heat_map(run) is not None and comparison(run) is None
    run = with_summary(made_run(*crossed(up=2)[:1], points=crossed(up=2)[1]))
    assert heat_map(run) is None and comparison(run) is not None


LOCAL = {"metric": "local_elasticity", "predicted": "adam_elasticity", "tolerance": 1.0}


def test_measured_slopes_stand_on_the_predicted_curve_over_the_scale():
    points = [
        {"optimizer.eps": eps, "environment.reward_scale": scale, "experiment": {"optimizer": ADAM | {"eps": eps}}}
        for eps in (1.0, 4.0)
        for scale in (1.0, 4.0, 16.0)
    ]
    # four logits, gradients of 1, 4, 16: 1 and 4 a logit halfway; κ/(1 + κ) is 1/2, 1/5 for eps = 1 and 4/5, 1/2 for 4
    rows = [update(1, (1.0, 4.0, 16.0)[point % 3], size, point=point)
            for point, size in enumerate((1.0, 2.0, 2.0, 1.0, 4.0, 8.0))]  # fmt: skip
    drawn = elasticity(made_run(rows, points=points, claims=[LOCAL])).drawing.data
    assert [trace.name for trace in drawn if trace.mode == "markers"] == ["eps = 1", "eps = 4"]
    assert [list(trace.x) for trace in drawn] == [[pytest.approx(2.0), pytest.approx(8.0)]] * 4
    measured = [list(trace.y) for trace in drawn if trace.mode == "markers"]
    predicted = [list(trace.y) for trace in drawn if trace.mode == "lines"]
    np.testing.assert_allclose(measured, [[0.5, 0.0], [1.0, 0.5]], atol=1e-12)
    np.testing.assert_allclose(predicted, [[1 / 2, 1 / 5], [4 / 5, 1 / 2]])


def test_slopes_are_drawn_for_claims_about_them_alone():
    points = [{"environment.reward_scale": scale} for scale in (1.0, 10.0, 100.0, 1000.0)]
    rows = [update(1, 1.0, 1.0, point=point) for point in range(4)]
    assert elasticity(made_run(rows, points=points, claims=[LOCAL])) is not None
    assert elasticity(made_run(rows, points=points, claims=[LOCAL | {"predicted": 0.0}])) is None  # no curve
    assert elasticity(made_run(rows, points=points)) is None
    assert predicted_against_measured(made_run(rows, points=points, claims=[LOCAL])) is None

"""The excess, cause by cause."""

import numpy as np
import pytest

from analysis.figures.causes import causes
from tests.analysis.figures.rows import ADAM_AND_SGD, CAUSED, UPDATES, parts, with_summary
from tests.analysis.made import made_run


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


def test_the_causes_give_away_what_every_bar_is_made_of():
    data = causes(with_summary(made_run(CAUSED, points=ADAM_AND_SGD))).data.set_index("label")
    assert data.loc["adam", "drift/coasted"] == pytest.approx(0.2)  # without what earlier rollouts left
    assert data.loc["adam", "drift/earlier"] == pytest.approx(0.1)
    assert data.loc["sgd", "twin/drift/excess_mean"] == pytest.approx(0.15)

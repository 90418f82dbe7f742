"""Predicted against measured: a point a case."""

from analysis.figures.predicted import predicted_against_measured
from tests.analysis.figures.rows import update
from tests.analysis.made import made_run


def test_predicted_against_measured_has_a_point_a_case():
    points = [{"method.clip_low": width} for width in (0.1, 0.2, 0.3)]
    rows = [update(1, 1.0, point=point, ratio=value) for point, value in enumerate((1.5, 1.6, 1.7))]
    claim = {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0}
    diagonal, *cases = predicted_against_measured(made_run(rows, points=points, claims=[claim])).drawing.data
    assert [case.y[0] for case in cases] == [1.5, 1.6, 1.7]
    assert list(diagonal.x) == list(diagonal.y)


def test_cases_are_given_away_and_signs_and_numbers_are_not_closed_forms():
    rows = [update(1, 1.0, point=point, ratio=value) for point, value in enumerate((1.5, 1.6, 1.7))]
    points = [{"method.clip_low": width} for width in (0.1, 0.2, 0.3)]
    claim = {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0}
    data = predicted_against_measured(made_run(rows, points=points, claims=[claim])).data
    assert data["measured"].tolist() == [1.5, 1.6, 1.7] and set(data["metric"]) == {"ratio/max"}
    for predicted in (1.6, "positive"):
        assert (
            predicted_against_measured(made_run(rows, points=points, claims=[claim | {"predicted": predicted}])) is None
        )

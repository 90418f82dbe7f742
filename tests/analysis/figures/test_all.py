"""What holds for every figure of a page."""

import json
import re

import pandas as pd
import pytest

from analysis.figures import ALL
from tests.analysis.figures.rows import known, token, update, with_summary
from tests.analysis.made import made_run

HOSTILE = "<img src=x onerror=alert(1)>%{x}"
CLAIMS = [
    {"metric": "residual_update", "predicted": 1.0},
    {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0},
    {"metric": "local_elasticity", "predicted": "adam_elasticity", "tolerance": 1.0},
]
TRAINING = {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64", "num_rollouts": 2}
DRAWN = {
    "ratio_fan", "scrubber", "causes", "attribution", "twin_excess", "residuals", "elasticity", "prefix_covariance",
    "token_heat", "task_returns", "comparison", "optimizer_table", "predicted",
}  # fmt: skip


@pytest.fixture(scope="module")
def figures():
    """All figures of a run whose names are markup."""
    points = [
        {"optimizer": f"{HOSTILE}{name}", "environment.reward_scale": scale}
        for name in "abc"
        for scale in (1.0, 2.0, 9.0)
    ]
    updates = [
        update(number, 2.0 - number, 3.0 - number, point=point, ratio=1.0 + 0.1 * number)
        | {"rollout": rollout, "prefix/weight": 0.1, f"task/{HOSTILE}/return": 0.5 * rollout}
        | {"drift/crossing": 0.01, "drift/coasted": 0.02, "drift/coupled": 0.0}
        | {"drift/excess_mean": 0.06, "drift/excess_max": 0.1 * number, "twin/drift/excess_max": 0.05}
        for point in range(9)
        for rollout in (0, 1)
        for number in (1, 2)
    ]
    ratios = [
        token(number, completion, sign, 1.0 + 0.1 * sign * number, point=point) | {"rollout": rollout, "reward": 1.0}
        for point in range(9)
        for rollout in (0, 1)
        for number in (1, 2)
        for completion, sign in enumerate((1.0, -1.0))
    ]
    run = made_run(updates, ratios=ratios, points=points, claims=CLAIMS, training=TRAINING)
    run = with_summary(known(run, **{f"task__{HOSTILE}__return": "final"}))
    return {figure.name: figure for draw in ALL if (figure := draw(run)) is not None}


def test_this_run_has_nearly_all_of_them(figures):
    assert set(figures) == DRAWN


def test_each_figure_gives_its_data_away_under_the_variants_names(figures):
    for figure in figures.values():
        assert isinstance(figure.data, pd.DataFrame) and len(figure.data) > 0, figure.name
        assert figure.data["label"].str.startswith(HOSTILE).all(), figure.name  # as they are: text, not markup


def test_text_from_a_scenario_is_text_in_every_drawing(figures):
    def texts(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from texts(inner)

    for figure in figures.values():
        drawing = json.loads(figure.drawing.to_json())
        drawing["layout"].pop("template")
        for text in texts(drawing):
            assert not re.search(r"<(?!/?(br|sup|extra)>)/?[a-z]", text), (figure.name, text)
            assert not re.search(r"onerror=alert\(1\)&gt;%{", text), (figure.name, text)


def test_every_axis_of_numbers_that_shows_its_ticks_has_a_title(figures):
    for figure in figures.values():
        layout = json.loads(figure.drawing.to_json())["layout"]
        titles = [axis.get("title", {}).get("text") for name, axis in layout.items() if name.startswith("xaxis")]
        assert any(titles), figure.name


def test_the_ink_of_a_drawing_is_seen_on_white_and_on_dark_paper(figures):
    """Lines and bars are neither nearly black nor nearly white: relative luminance between 0.05 and 0.75."""
    colour = re.compile(r"#[0-9a-fA-F]{6}$")

    def luminance(text):
        parts = [int(text[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for figure in figures.values():
        for trace in json.loads(figure.drawing.to_json())["data"]:
            found = [trace.get("line", {}).get("color")]
            if trace["type"] == "bar":
                found.append(trace["marker"]["color"])
            for text in found:
                if isinstance(text, str) and colour.match(text):
                    assert 0.05 < luminance(text) < 0.75, (figure.name, text)

"""What a run shows of itself in a notebook, and the frames that it gives."""

import pandas as pd
import plotly.graph_objects as go
import pytest

import analysis
from simulator.runs import run
from tests.small import tables

HOSTILE = "</p><script>document.title='broken'</script>"
CLAIM = {"says": HOSTILE, "metric": "ratio/max", "predicted": 1.0, "tolerance": 0.9}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return analysis.complete(run(tables(title=HOSTILE, claim=[CLAIM]), out=tmp_path_factory.mktemp("runs")))


def test_every_frame_has_the_swept_values_as_columns(finished):
    assert isinstance(finished.claims, pd.DataFrame)
    assert finished.claims["verdict"].tolist() == [finished.verdicts[0]["verdict"]]
    for frame in (finished.updates, finished.ratios, finished.summary):
        assert set(frame["optimizer.learning_rate"]) == {0.01, 0.1}
    # 2 points × 2 seeds × 2 rollouts × 2 updates; every second rollout has its 4 completions of one token recorded
    assert (len(finished.updates), len(finished.ratios), len(finished.summary)) == (16, 2 * 2 * 1 * 2 * 4, 2)


def test_figures_are_plotlys_with_a_title_of_their_own(finished):
    assert "ratio_fan" in finished.figures
    for figure in finished.figures.values():
        assert isinstance(figure, go.Figure)
        assert figure.layout.title.text and figure.layout.title.subtitle.text


def test_a_notebook_shows_question_table_and_verdicts_as_text(finished):
    shown = finished._repr_html_()
    assert HOSTILE not in shown and "&lt;/p&gt;&lt;script&gt;" in shown
    assert "learning_rate = 0.1" in shown and "How small?" in shown and finished.verdicts[0]["verdict"] in shown
    assert repr(finished) == f"Run('{finished.directory}': 2 points, 2 seeds)"

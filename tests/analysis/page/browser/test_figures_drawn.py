"""In a real browser every figure is drawn with its data, the slider moves, and nothing is complained about."""

import json

import pytest

from analysis.figures import ALL
from analysis.page import figure_block, page

pytestmark = pytest.mark.long

TRACES = """[...document.querySelectorAll('.drawing')].map((plot) => [
  plot.id.replace('plot-', ''), plot.data.length,
  plot.querySelectorAll('.mlayer :is(path, image, text)').length,
])"""
BARS = "[...document.querySelectorAll('#plot-scrubber .bars path')].map((bar) => bar.getAttribute('d'))"


def test_every_figure_that_the_run_supports_is_drawn_with_data(opened, report, finished):
    expected = {figure.name: len(figure.drawing.data) for draw in ALL if (figure := draw(finished)) is not None}
    tab = opened(report)
    found = {name: (traces, shapes) for name, traces, shapes in tab.value(TRACES)}
    assert {name: traces for name, (traces, _) in found.items()} == expected
    assert len(expected) >= 4
    assert all(shapes > 0 for _, shapes in found.values()), found
    assert tab.said() == []


def test_the_slider_moves_what_is_drawn(opened, report):
    tab = opened(report)
    tab.value("document.getElementById('plot-scrubber').scrollIntoView({block: 'center'})")
    before, label = tab.value(BARS), tab.value("document.querySelector('#plot-scrubber .slider-label').textContent")
    tab.click("#plot-scrubber .slider-rail-touch-rect")  # its middle
    tab.wait_until(f"document.querySelector('#plot-scrubber .slider-label').textContent != {json.dumps(label)}")
    tab.wait_until(f"JSON.stringify({BARS}) != {json.dumps(json.dumps(before, separators=(',', ':')))}")
    moved = tab.value(BARS)
    tab.click("#theme")  # which draws anew: what is shown stays
    tab.wait_until(
        "getComputedStyle(document.querySelector('#plot-scrubber .main-svg')).backgroundColor != 'rgb(255, 255, 255)'"
    )
    assert tab.value(BARS) == moved
    assert len(before) > 0 and tab.said() == []


def test_the_page_asks_nothing_of_the_network(browser, report):
    with browser.tab() as tab:
        tab.call("Network.enable")
        tab.open(report)
        tab.wait_until("document.documentElement.dataset.drawn")
        events = [each["params"] for each in browser.events if each["method"] == "Network.requestWillBeSent"]
        asked = {each["request"]["url"].split(":")[0] for each in events}
        assert (
            asked <= {"file", "data", "blob"}
            and len([each for each in events if each["request"]["url"][:4] == "file"]) == 1
        )
        with_network = tab.value("fetch('https://example.com/').then(() => 'answered', () => 'refused')")
        assert with_network == "refused"
        assert any("Content Security Policy" in each for each in tab.said())  # which is what refused it


def test_without_scripts_the_page_can_be_read(opened, report):
    tab = opened(report, scripts=False)
    text = tab.value("document.querySelector('main').innerText")
    for said in ("How small?", "holds", "fails", "Nothing is learned", "b1 = 0.9", "Drawing this figure takes"):
        assert said in text
    assert tab.value("[...document.querySelectorAll('button')].every((button) => !button.checkVisibility())")
    assert tab.value("document.querySelectorAll('tr.folded').length") == 0


def test_what_is_neither_a_tag_of_plotly_nor_of_ours_is_a_label(opened, tmp_path):
    import plotly.graph_objects as go

    from analysis.figures.style import Figure

    label = "<a href='https://example.com/'>x</a><br>below"
    drawing = go.Figure(go.Bar(x=[1.0], y=[label], orientation="h", name=label), layout={"showlegend": True})
    file = tmp_path / "labels.html"
    file.write_text(page("Labels", figure_block(Figure("labels", "Labels", "A reading.", drawing))))
    tab = opened(file)
    assert tab.value("document.querySelectorAll('svg a').length") == 0
    assert "<a href='https://example.com/'>x</a>" in tab.value("document.querySelector('.ytick text').textContent")
    assert tab.value("document.querySelectorAll('.ytick tspan').length") == 2  # the break is one

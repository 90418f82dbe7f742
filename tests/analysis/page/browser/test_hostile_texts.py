"""Whatever a scenario's texts say, the page shows it and does nothing of it."""

import pytest

from analysis.page import page
from tests.analysis.page.browser.conftest import HOSTILE

pytestmark = pytest.mark.long

INJECTED = (
    "document.querySelectorAll('u, img:not(.drawing *), a[href*=example], svg a, main script:not([type])').length"
)


def test_hostile_texts_are_shown_and_nothing_more(opened, hostile_report):
    tab = opened(hostile_report)
    assert tab.value("document.title") == f"{HOSTILE} – Ratiodrift"
    assert tab.value("document.querySelector('h1').textContent") == HOSTILE
    for place in (".question", ".says", ".source", "#table td", "#again code", "#warnings li"):
        assert HOSTILE in tab.value(f"document.querySelector('{place}').textContent"), place
    assert tab.value(INJECTED) == 0
    assert tab.value("window.broken") is None
    assert tab.said() == []


def test_should_markup_slip_through_the_policy_stops_its_scripts(opened, tmp_path):
    file = tmp_path / "slipped.html"
    file.write_text(page("T", "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"))
    tab = opened(file)
    assert tab.value("[window.broken, document.querySelectorAll('main script, main img').length]") == [None, 2]
    assert any("Content Security Policy" in each for each in tab.said())

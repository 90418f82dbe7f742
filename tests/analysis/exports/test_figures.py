"""Pictures for papers: drawn where a browser is, and a clear sentence where none is."""

import struct

import plotly.graph_objects as go
import pytest

from analysis.exports import ExportError, export, figures
from analysis.figures.style import Figure


def figure(name: str, **layout) -> Figure:
    drawing = go.Figure(go.Scatter(x=[0, 1, 2], y=[1, 3, 2], name="a line"), layout=layout)
    return Figure(name, "A title", "How to read it.", drawing)


@pytest.fixture(autouse=True)
def two_figures(monkeypatch):
    """The page's figures: two, and one that the run's data do not support."""
    steps = [{"label": f"update {number}", "method": "skip"} for number in (1, 2, 3)]
    moving = {"sliders": [{"steps": steps, "active": 1}], "updatemenus": [{"buttons": [{"label": "set off"}]}]}
    one, other = figure("one", height=300), figure("other", width=500, height=200, **moving)
    drawn = (lambda run: one, lambda run: None, lambda run: other)
    monkeypatch.setattr("analysis.figures.ALL", drawn)


@pytest.fixture
def browser():
    """Skips where kaleido finds nothing to draw with."""
    pytest.importorskip("kaleido")
    try:
        figures.picture(go.Figure(), "svg")
    except ExportError as error:
        pytest.skip(str(error))


@pytest.mark.long
def test_every_figure_that_the_data_support_is_a_file(run, tmp_path, browser):
    path = export(run, "png", out=tmp_path / "pictures")
    assert sorted(each.name for each in path.iterdir()) == ["one.png", "other.png"]
    sizes = {each.stem: struct.unpack(">II", each.read_bytes()[16:24]) for each in path.iterdir()}
    assert sizes == {"one": (2000, 600), "other": (1000, 400)}  # twice as many pixels as the page has


@pytest.mark.long
def test_svg_and_pdf_are_of_one_figure_by_name(run, tmp_path, browser):
    svg = export(run, "svg", columns=["other"], out=tmp_path / "svg")
    assert [each.name for each in svg.iterdir()] == ["other.svg"]
    text = (svg / "other.svg").read_text()
    assert text.startswith("<svg") and 'width="500"' in text
    assert "slider" not in text and "set off" not in text  # what can be moved is left out, and where it stood is said
    assert text.count("update 2") == 1 and "update 1" not in text
    pdf = export(run, "pdf", columns=["one"], out=tmp_path / "pdf")
    assert (pdf / "one.pdf").read_bytes().startswith(b"%PDF-")


def test_a_figure_that_there_is_not(run, tmp_path):
    with pytest.raises(ExportError, match="columns: this run has no figure 'ohter'; did you mean 'other'"):
        export(run, "png", columns=["ohter"], out=tmp_path / "pictures")
    assert list(tmp_path.iterdir()) == []


def test_without_kaleido_it_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"pip install 'ratiodrift\[figures\]'"):
        export(run, "png", out=tmp_path / "pictures")
    assert list(tmp_path.iterdir()) == []


def test_without_a_browser_it_says_so(run, tmp_path, monkeypatch):
    class ChromeNotFoundError(Exception):
        pass

    def no_browser(*_, **__):
        raise ChromeNotFoundError("Kaleido v1 requires Google Chrome to be installed")

    monkeypatch.setattr("plotly.io.to_image", no_browser)
    with pytest.raises(ExportError, match="found no Chrome or Chromium to draw with"):
        export(run, "pdf", out=tmp_path / "pictures")
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_otherwise_is_not_hidden(run, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("out of ink")

    monkeypatch.setattr("plotly.io.to_image", broken)
    with pytest.raises(RuntimeError, match="out of ink"):
        export(run, "svg", out=tmp_path / "pictures")
    assert list(tmp_path.iterdir()) == []

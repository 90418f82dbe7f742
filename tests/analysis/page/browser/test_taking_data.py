"""What a button gives is the data, all of it."""

import time

import pandas as pd
import plotly.graph_objects as go
import pytest
from pandas.testing import assert_frame_equal

from analysis.figures import ALL
from analysis.figures.style import Figure
from analysis.page import figure_block, page

pytestmark = pytest.mark.long


@pytest.fixture
def downloads(browser, tmp_path):
    """The folder that downloads go to, and a wait for one."""
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))

    def wait_for(name, patience=20.0):
        end = time.monotonic() + patience
        while not (tmp_path / name).exists():
            assert time.monotonic() < end, f"{name} has not come; here are {[file.name for file in tmp_path.iterdir()]}"
            time.sleep(0.05)
        return tmp_path / name

    return wait_for


def assert_the_same(file, data):
    """Number for number: what is stored in single precision is written with as many digits as that takes."""
    taken = pd.read_csv(file)
    floats = data.select_dtypes("float").dtypes.to_dict()
    assert_frame_equal(taken.astype(floats), data.reset_index(drop=True), check_dtype=False, check_exact=True)


def test_each_button_gives_the_data_of_its_figure(opened, report, finished, downloads):
    tab = opened(report)
    figures = [figure for draw in ALL if (figure := draw(finished)) is not None and figure.data is not None]
    assert figures
    for figure in figures:
        tab.click(f"button[data-takes='{figure.name}']")
        assert_the_same(downloads(f"{finished.manifest['name']}-{figure.name}.csv"), figure.data)
    tab.click("button[data-takes='summary']")
    assert_the_same(downloads(f"{finished.manifest['name']}-summary.csv"), finished.summary)
    assert_frame_equal(
        pd.read_csv(downloads(f"{finished.manifest['name']}-summary.csv")),
        finished.summary,
        check_dtype=False,
        rtol=1e-15,
    )
    assert tab.said() == []


def test_text_comes_back_as_it_was(opened, tmp_path, downloads):
    texts = ['</script><b>"quoted", with a comma', "two\nlines", "Ünïcode ∞", "=1+1"]
    data = pd.DataFrame({"label": texts, "value": [0.1, 1e-300, 1 / 3, -2.5]})
    file = tmp_path / "texts.html"
    file.write_text(page("T", figure_block(Figure("texts", "T", "R", go.Figure(go.Bar(y=[1])), data=data)), name="run"))
    tab = opened(file)
    tab.click("button[data-takes=texts]")
    assert_frame_equal(pd.read_csv(downloads("run-texts.csv")), data)


def test_the_camera_gives_a_picture(opened, report, finished, downloads):
    tab = opened(report)
    tab.click("#plot-ratio_fan .modebar-btn")
    assert downloads(f"{finished.manifest['name']}-ratio_fan.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert tab.said() == []


def test_the_command_is_copied(browser, opened, report, finished):
    tab = opened(report)
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    tab.call("Page.bringToFront")
    tab.click("button.copy")  # the first of them
    tab.wait_until("document.querySelector('button.copy').textContent == 'Copied'")
    assert tab.value("navigator.clipboard.readText()") == finished.manifest["command"]

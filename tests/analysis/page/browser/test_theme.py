"""Light and dark: the system's at first, the reader's at the press of a button, and paper is always light."""

import pytest

pytestmark = pytest.mark.long

COLOURS = """(() => {
  const style = (element) => getComputedStyle(element);
  const plots = [...document.querySelectorAll('.drawing')];
  const first = (selector) => plots.flatMap((plot) => [...plot.querySelectorAll(selector)].slice(0, 1).map(style));
  return {
    page: style(document.body).backgroundColor, ink: style(document.body).color,
    papers: plots.map((plot) => style(plot.querySelector('.main-svg')).backgroundColor),
    grids: first('.xgrid').map((line) => line.stroke), labels: first('.xtick text').map((text) => text.fill),
  };
})()"""


def brightness(colour: str) -> float:
    """The mean of red, green and blue of 'rgb(20, 24, 31)', 0 to 255."""
    return sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) / 3


def is_dark(colours) -> bool:
    papers = [colours["page"], *colours["papers"], *colours["grids"]]
    inks = [colours["ink"], *colours["labels"]]
    assert len(papers) > 4 and len(inks) > 2
    dark = [brightness(each) < 80 for each in papers] + [brightness(each) > 170 for each in inks]
    assert all(dark) or not any(dark), colours
    return dark[0]


@pytest.mark.parametrize("system_is_dark", [False, True])
def test_the_page_and_its_figures_follow_the_system_then_the_button(opened, report, system_is_dark):
    tab = opened(report, dark=system_is_dark)
    assert is_dark(tab.value(COLOURS)) is system_is_dark
    tab.click("#theme")
    tab.wait_until(f"{COLOURS}.papers.every((paper) => paper == {COLOURS}.page)")
    assert is_dark(tab.value(COLOURS)) is not system_is_dark
    assert tab.said() == []


def test_the_page_follows_when_the_system_turns_dark(opened, report):
    tab = opened(report)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    tab.wait_until(f"{COLOURS}.papers.every((paper) => paper == {COLOURS}.page)")
    assert is_dark(tab.value(COLOURS))


def test_what_is_printed_is_light_and_fits_the_paper(opened, report, tmp_path):
    tab = opened(report, dark=True)
    sizes = "[...document.querySelectorAll('.drawing .main-svg')].map((svg) => [svg.clientWidth, svg.clientHeight])"
    before = tab.value(sizes)
    tab.value("dispatchEvent(new Event('beforeprint'))")
    assert not is_dark(tab.value(COLOURS))
    assert all(width <= 680 and height <= 820 for width, height in tab.value(sizes))
    empty = "[...document.querySelectorAll('.drawing')].map((box) => box.clientHeight - box._fullLayout.height)"
    assert all(abs(below) <= 1 for below in tab.value(empty))
    tab.value("dispatchEvent(new Event('afterprint'))")
    tab.wait_until(f"JSON.stringify({sizes}) == '{str(before).replace(' ', '')}'")
    assert is_dark(tab.value(COLOURS))
    tab.print(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes()[:5] == b"%PDF-"
    assert tab.said() == []

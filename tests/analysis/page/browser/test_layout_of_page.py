"""Nothing overlaps and nothing sticks out, on a phone and on a desk."""

import pytest

pytestmark = pytest.mark.long

# Blocks beside or above each other, outside drawings, have no point in common; hidden ones are not looked at.
BLOCKS = """(() => {
  const found = [];
  const box = (element) => element.getBoundingClientRect();
  for (const parent of [document.body, ...document.querySelectorAll('body *')]) {
    if (parent.closest('.drawing, svg')) continue;
    const children = [...parent.children].filter((child) => {
      const style = getComputedStyle(child);
      return !style.display.startsWith('inline') && style.display != 'none' && box(child).width * box(child).height > 0;
    });
    children.forEach((one, index) => children.slice(index + 1).forEach((other) => {
      const [a, b] = [box(one), box(other)];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 1) found.push([one.outerHTML.slice(0, 80), other.outerHTML.slice(0, 80), across, down]);
    }));
  }
  return found;
})()"""
# Texts of a drawing (titles, legends, ticks, annotations, controls) have no point in common; slanted ones aside.
TEXTS = """[...document.querySelectorAll('.drawing')].flatMap((plot) => {
  const named = ['.legendtext', '.xtitle', '.ytitle', '.gtitle', '.annotation-text', '.slider-label', '.xtick text',
    '.ytick text', '.cbaxis text', '.cbtitle text', '.updatemenu-item-text'].join(', ');
  const seen = [...plot.querySelectorAll(named)].filter((text) => {
    const turned = /rotate\\((-?[\\d.]+)/.exec(text.getAttribute('transform') ?? '');
    const upright = !turned || Number(turned[1]) % 90 == 0;
    return upright && text.textContent.trim() && text.getBoundingClientRect().height > 4;
  });
  const found = [];
  seen.forEach((one, index) => seen.slice(index + 1).forEach((other) => {
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const leading = 0.4 * Math.min(a.height, b.height); // of a box no glyph fills
    if (across > 1 && down > leading) found.push([plot.id, one.textContent, other.textContent, across, down]);
  }));
  return found;
})"""
OUTSIDE = """[...document.querySelectorAll('main *')].filter((element) => !element.closest('.wide, pre, svg')
  && element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_overlaps_and_nothing_sticks_out(opened, report, width):
    tab = opened(report, width=width)
    assert tab.value("document.documentElement.scrollWidth <= innerWidth && innerWidth") == width
    assert tab.value(OUTSIDE) == []
    assert tab.value(BLOCKS) == []
    assert tab.value(TEXTS) == []


def test_a_drawing_keeps_its_height_under_a_long_legend(opened, tmp_path):
    import plotly.graph_objects as go

    from analysis.figures.style import Figure, dress
    from analysis.page import figure_block, page

    drawing = go.Figure([go.Scatter(x=[0, 1], y=[0, n], name=f"a variant with a long name, {n}") for n in range(16)])
    file = tmp_path / "legend.html"
    file.write_text(page("Legend", figure_block(Figure("legend", "Legend", "A reading.", dress(drawing)))))
    tab = opened(file, width=390)
    assert tab.value("document.querySelector('.drawing')._fullLayout._size.h") >= 200
    assert tab.value(
        "document.querySelector('.drawing').clientHeight == document.querySelector('.main-svg').clientHeight"
    )
    assert tab.value(BLOCKS) == [] and tab.value(TEXTS) == []


def test_a_long_table_unfolds(opened, tmp_path):
    from analysis.page import html_table, page

    file = tmp_path / "table.html"
    file.write_text(page("Table", html_table(["a", "b"], [[f"row {n}", "1"] for n in range(40)], shown=16)))
    tab = opened(file, width=390)
    shown = "[...document.querySelectorAll('tbody tr')].filter((row) => row.checkVisibility()).length"
    assert tab.value(shown) == 16
    assert "the first 8 and the last 8 of 40 rows" in tab.value("document.querySelector('main').innerText")
    tab.click(".take button")
    assert tab.value(shown) == 40

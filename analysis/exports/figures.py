"""A run's figures as pictures for papers: PNG, SVG and PDF, drawn by kaleido with an installed Chrome or Chromium."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ExportError, nearest
from .source import Tell

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..figures.style import Figure
    from ..run.run import Run

WIDTH, HEIGHT, SCALE = 1000, 480, 2  # pixels of a page, where a figure does not say; pictures of pixels have twice that
FORMATS = ("png", "svg", "pdf")
NO_RENDERER = "pictures are drawn by kaleido: pip install 'ratiodrift[figures]'"
NO_BROWSER = "kaleido found no Chrome or Chromium to draw with: install one, or run plotly_get_chrome"


def drawn(run: Run, names: Sequence[str] | None) -> list[Figure]:
    """The figures that the run's data support, or those of these names. Raises ExportError."""
    from ..figures import ALL

    found = {figure.name: figure for draw in ALL if (figure := draw(run)) is not None}
    for name in names or []:
        if name not in found:
            raise ExportError("columns", f"this run has no figure {name!r}; {nearest(name, found)}")
    if not found:
        raise ExportError("format", "this run has no figures: its data support none")
    return [figure for name, figure in found.items() if names is None or name in names]


def write(folder: Path, figures: list[Figure], kind: str, tell: Tell) -> int:
    """A file per figure, `<name>.<kind>`. Returns how many. Raises ExportError where nothing can draw."""
    if find_spec("kaleido") is None:
        raise ExportError("format", NO_RENDERER)
    with ExitStack() as kept:
        for number, figure in enumerate(figures):
            if number == 1:  # the first was drawn, so there is a browser: where there is none, kaleido's waits forever
                kept.enter_context(_one_browser())
            (folder / f"{figure.name}.{kind}").write_bytes(picture(figure.drawing, kind))
            tell((number + 1) / len(figures))
    return len(figures)


@contextmanager
def _one_browser() -> Iterator[None]:
    """One browser for all pictures, since it takes seconds to start, where this kaleido can keep one."""
    import kaleido

    begin = getattr(kaleido, "start_sync_server", None)
    if begin is not None:
        begin(silence_warnings=True)
    try:
        yield
    finally:
        if begin is not None:
            kaleido.stop_sync_server(silence_warnings=True)


def picture(drawing: go.Figure, kind: str) -> bytes:
    """A drawing on white, without what can be pressed or moved. Raises ExportError where there is no browser."""
    import plotly.graph_objects as go
    import plotly.io

    parts = drawing.to_dict()
    layout = parts["layout"]
    sliders = [slider for slider in layout.pop("sliders", ()) if slider.get("steps")]
    at = [slider["steps"][slider.get("active", 0)].get("label", "") for slider in sliders]
    layout.pop("updatemenus", None)
    still = go.Figure({"data": parts["data"], "layout": layout})
    still.update_layout(paper_bgcolor="white")
    if at:  # what the slider said
        still.update_layout(title={"text": ", ".join(at), "x": 0.5, "font": {"size": 12}})
    size = {"width": still.layout.width or WIDTH, "height": still.layout.height or HEIGHT}
    try:
        with warnings.catch_warnings(action="ignore"):  # that a browser which runs already takes no options
            return plotly.io.to_image(still, format=kind, scale=SCALE if kind == "png" else 1, **size)
    except Exception as error:
        if "chrome" in f"{type(error).__name__} {error}".lower():
            raise ExportError("format", NO_BROWSER) from error
        raise

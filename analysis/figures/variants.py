"""Which colour and which panel a variant has: the same colour in every figure of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .style import COLOURS, MOST_PANELS, named, plain

if TYPE_CHECKING:
    from ..run.run import Run


@dataclass(frozen=True)
class Variants:
    """A run's points as colours and panels: `colour_of[point]` indexes `colours`, `panel_of[point]` `panels`."""

    colours: list[str]
    panels: list[str]
    colour_of: list[int]
    panel_of: list[int]

    def colour(self, point: int) -> str:
        return COLOURS[self.colour_of[point] % len(COLOURS)]

    def name(self, point: int) -> str:
        """What has its colour, as a drawing takes it."""
        return plain(self.colours[self.colour_of[point]])

    def drawn(self) -> list[int]:
        """The points that fit: those of the first colours and panels."""
        pairs = enumerate(zip(self.colour_of, self.panel_of, strict=True))
        return [point for point, (colour, panel) in pairs if colour < len(COLOURS) and panel < MOST_PANELS]

    def first(self, most: int, among: list[int] | None = None) -> list[int]:
        """So many points for a panel each: all colours of one panel before those of the next; in the run's order."""
        points = range(len(self.colour_of)) if among is None else among
        return sorted(sorted(points, key=lambda point: (self.panel_of[point], self.colour_of[point]))[:most])


def variants(run: Run) -> Variants:
    """Colours are for the part with the most variants, compared ones before axes; the others make panels."""
    points = [run.values(point) for point in range(len(run.points))]
    families: dict[str, list[str]] = {}
    for column in run.swept:
        families.setdefault(column.split(".")[0], []).append(column)
    texts = {family: [_text(point, columns) for point in points] for family, columns in families.items()}
    leading = max(texts, key=lambda family: (family in run.swept, len(set(texts[family]))), default=None)
    colour = texts[leading] if leading else [run.manifest["name"]] * len(points)
    rest = [[texts[family][index] for family in texts if family != leading] for index in range(len(points))]
    panel = [", ".join(filter(None, parts)) for parts in rest]
    colours, panels = _numbered(colour), _numbered(panel)
    return Variants([*colours], [*panels], [colours[text] for text in colour], [panels[text] for text in panel])


def _numbered(texts: list[str]) -> dict[str, int]:
    """Each text once, with its number."""
    return {text: number for number, text in enumerate(dict.fromkeys(texts))}


def _text(point: dict, columns: list[str]) -> str:
    return named((column, point.get(column)) for column in columns)

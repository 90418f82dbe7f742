"""What is said of an export that cannot be made."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_NAMES = 12


class ExportError(ValueError):
    """An option that asks for what there is not. `problems` lists (option, sentence); nothing was left behind."""

    def __init__(self, option: str, sentence: str) -> None:
        self.problems = [(option, sentence)]
        super().__init__(f"{option}: {sentence}" if option else sentence)


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean …?' with the nearest known name, or what there is."""
    known = [str(each) for each in known]
    ending = [each for each in known if each.rsplit(".", 1)[-1] == name]
    if near := ending or get_close_matches(name, known, n=1, cutoff=0.5):
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(known[:MAX_NAMES]) + (f" and {len(known) - MAX_NAMES} more" if len(known) > MAX_NAMES else "")
    return f"there are {shown}" if known else "there are none"


def one_of(option: str, value: str, known: Iterable[str]) -> str:
    """The value, if it is a known one. Raises ExportError."""
    known = list(known)
    if value not in known:
        raise ExportError(option, f"unknown: {value!r}; {nearest(value, known)}")
    return value

"""The error of an export that cannot be made."""

from __future__ import annotations

from collections.abc import Iterable

from ..text import did_you_mean


class ExportError(ValueError):
    """An option asks for what does not exist. `problems` lists (option, sentence); nothing was left behind."""

    def __init__(self, option: str, sentence: str) -> None:
        self.problems = [(option, sentence)]
        super().__init__(f"{option}: {sentence}" if option else sentence)


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean …?', first of all the column whose last part this is: 'b1' for 'optimizer.b1'."""
    known = [str(each) for each in known]
    return did_you_mean(name, known, [each for each in known if each.rsplit(".", 1)[-1] == name][:1])


def check_known(option: str, value: str, known: Iterable[str]) -> None:
    """Raise ExportError unless the value is a known one."""
    if value not in (known := list(known)):
        raise ExportError(option, f"unknown: {value!r}; {nearest(value, known)}")

"""What cannot be compared, and why."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 12
MOST_MEANT = 4


class ComparisonError(ValueError):
    """A comparison was refused: `key` names the argument, `sentence` what is wrong with it."""

    def __init__(self, key: str, sentence: str):
        self.key, self.sentence = key, sentence
        super().__init__(": ".join(filter(None, (key, sentence))))


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean …?' with the nearest known name, or the names that there are."""
    names = list(dict.fromkeys(known))
    if name and 0 < len(beginning := [each for each in names if name in each]) <= MOST_MEANT:
        return f"did you mean {' or '.join(map(repr, beginning))}?"
    if near := get_close_matches(name, names, n=1, cutoff=0.5):
        return f"did you mean {near[0]!r}?"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"there are {'; '.join(names[:MOST_NAMED])}{more}" if names else "there are none"

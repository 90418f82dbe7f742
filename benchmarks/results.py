"""What a suite found, as rows; what they are held to; the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.timing import Spread

FILE = Path(__file__).with_name("results.json")
NOISE = 0.6  # a goal missed by no more than this factor may be the machine's noise
Goal = Literal["at least", "at most", "exactly"]


@dataclass(frozen=True)
class Row:
    """One measured number: its median and range, and its goal, where it has one. `value` None: it did not run."""

    what: str
    value: float | None
    size: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    relation: Goal | None = None
    goal: float | None = None
    note: str = ""

    @property
    def verdict(self) -> Literal["", "holds", "below", "missed"]:
        """`below`: the goal is missed, but not by more than noise explains."""
        if self.goal is None:
            return ""
        if self.value is None:
            return "missed"
        if self.relation == "exactly":
            return "holds" if self.value == self.goal else "missed"
        reached = self.value / self.goal if self.relation == "at least" else self.goal / self.value
        return "holds" if reached >= 1 else "below" if reached >= NOISE else "missed"


def row(what: str, values: Sequence[float] | np.ndarray | Spread, **others: object) -> Row:
    """A row of a number a round."""
    spread = values if isinstance(values, Spread) else Spread.of(values)
    return Row(what, spread.median, low=spread.low, high=spread.high, **others)


@dataclass(frozen=True)
class Found:
    """All rows of a suite; `raw` is what they were made from, set by set of rounds, `remarks` what one must know."""

    rows: list[Row]
    raw: dict[str, dict] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def plain(found: Found) -> dict:
    """As JSON has it."""
    return {
        "rows": [asdict(each) | {"verdict": each.verdict} for each in found.rows],
        "remarks": found.remarks,
        "raw": found.raw,
    }


def rows_of(suite: dict) -> list[Row]:
    """The rows of a suite that was read back."""
    return [Row(**{key: value for key, value in each.items() if key != "verdict"}) for each in suite["rows"]]


def read(path: Path = FILE) -> dict:
    """The kept results; those of nothing where there are none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"machine": {}, "suites": {}}


def keep(suites: dict[str, dict], machine: dict, path: Path = FILE) -> None:
    """Write the results of some suites; those of others stay if they are of the same machine and versions."""
    known = read(path)
    others = known["suites"] if known["machine"] == machine else {}
    content = {"machine": machine, "suites": others | suites}
    path.write_text(json.dumps(content, indent=1, default=_number) + "\n", encoding="utf-8")


def _number(value: object) -> object:
    """Plain numbers for NumPy's, with as many digits as mean anything."""
    if isinstance(value, np.ndarray):
        return [float(f"{each:.4g}") for each in value.tolist()]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} is nothing to keep")

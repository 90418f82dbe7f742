"""docs/remedies.md: its training loop, which is one rollout of a bandit with four arms in plain JAX."""

import contextlib
import io
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax

from tests import fresh

PAGE = fresh.ROOT / "docs" / "remedies.md"


@dataclass
class Ran:
    """What the page's Python defines, and what it prints."""

    names: dict[str, Any]
    printed: str


def blocks():
    """The page's Python, and what the page says that it prints."""
    return re.findall(r"```(?:python)?\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


@cache
def run():
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed), jax.ensure_compile_time_eval():
        exec(compile(blocks()[0], PAGE.name, "exec"), names)
    return Ran(names, printed.getvalue())


def largest_ratio(optimizer, num_updates=40):
    return run().names["largest_ratio"](optimizer, num_updates)


def signals(**known):
    """All signals of two coordinates, nothing clipped, but for those that are given."""
    quiet = {"clip_active": 0.0, "max_log_ratio": 0.0, "kl": 0.0, "update": 0, "num_updates": 1}
    return {"clipped_away": [0.0, 0.0], **quiet, **known}

"""How unequally prompts are treated: the largest over the smallest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import pd
from .base import CASE, RATIOS, quantity

if TYPE_CHECKING:
    from ..run.run import Run


@quantity(RATIOS)
def advantage_imbalance(run: Run) -> pd.DataFrame:
    """Mean |advantage| of the prompt with the largest, over that of the prompt with the smallest."""
    first = run.stored_ratios.read([*CASE, "prompt", "advantage"], update=1)
    by_prompt = first.assign(size=first["advantage"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


@quantity(RATIOS)
def movement_imbalance(run: Run) -> pd.DataFrame:
    """Mean |log-ratio| after the first update of the prompt that moved most, over that of the one that moved least."""
    ratios = run.stored_ratios
    first = ratios.read([*CASE, "prompt", "log_ratio"], update=1, rollout=ratios.least("rollout"))
    by_prompt = first.assign(size=first["log_ratio"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


def _largest_over_smallest(by_prompt: pd.Series) -> pd.DataFrame:
    groups = by_prompt.groupby(CASE)
    return (groups.max() / groups.min()).rename("measured").reset_index().drop(columns="rollout")

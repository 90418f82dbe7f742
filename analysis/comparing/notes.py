"""What a reader of a comparison should know: what columns are, of how many seeds, what diverged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..intervals import MIN_TO_RESAMPLE
from ..sentences import fairness
from .columns import available, legend
from .variants import Variant

if TYPE_CHECKING:
    import pandas as pd

    from ..run.run import Run


def diverged(runs: Sequence[Run], variants: Sequence[Variant]) -> list[int]:
    """In how many seeds each variant diverged."""
    counts = [
        (run.readings["diverged"] > 0).groupby(run.readings["point"]).sum() if "diverged" in run.metrics else {}
        for run in runs
    ]
    return [int(counts[each.index].get(each.point, 0)) for each in variants]


def legend_of(runs: Sequence[Run], name: str, part: pd.DataFrame) -> str:
    """What a column is, and where it is not always defined, how often it is."""
    text = legend(next(run for run in runs if name in available(run)), name)
    shares = part["defined"].dropna()
    if len(shares) and shares.min() < 1:
        least, most = (f"{100 * share:.0f} %" for share in (shares.min(), shares.max()))
        text += f"; defined in {least if least == most else f'{least} to {most}'} of the cases, by variant"
    return text


def notes(runs: Sequence[Run], frame: pd.DataFrame, base: str) -> Iterator[str]:
    """What a reader should know: the spread, the pairs, what diverged, how learning rates were chosen."""
    if frame["seeds"].max() > 1:
        yield "±: 95 % interval of the mean over seeds (Student's t)"
    else:
        yield "one seed: nothing is known about the spread, nor whether a difference is more than chance"
    if len(others := frame[frame["variant"] != base]):
        yield _of_pairs(others, base)
    if count := frame.loc[frame["diverged"] > 0, "variant"].nunique():
        total = frame["variant"].nunique()
        yield f"†: {count} of {total} variants diverged in some seeds; what is not finite is left out of their means"
    sentences = {run.manifest["name"]: fairness(run) for run in runs}
    alike = len(set(sentences.values())) == 1
    for name, sentence in sentences.items():
        if sentence:
            yield sentence if alike else f"{name}: {sentence}"
        if alike:
            break


def _of_pairs(others: pd.DataFrame, base: str) -> str:
    """What differences are, and over how many seeds."""
    least, most = int(others["pairs"].min()), int(others["pairs"].max())
    if most == 0:
        return f"Δ: no variant has a seed in common with {base}: there are no paired differences"
    seeds = f"{most}" if least == most else f"{least} to {most}"
    way = "" if most < 2 else f", with its 95 % interval ({'bootstrap' if most >= MIN_TO_RESAMPLE else 'Student’s t'})"
    return f"Δ: difference from {base}, paired by seed over {seeds} seed{'s' * (most != 1)} in common{way}"

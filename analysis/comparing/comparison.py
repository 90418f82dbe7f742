"""The numbers of a comparison: means with intervals, and differences from a baseline, paired by seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..intervals import MIN_TO_RESAMPLE
from ..sentences import fairness
from .columns import chosen, column, legend, nothing_in_common
from .variants import ComparisonError, nearest, variants_of

if TYPE_CHECKING:
    from ..run.run import Run


@dataclass(frozen=True)
class Comparison:
    """Variants side by side.

    `frame` has a row per variant and column: `mean` with its 95 % interval over seeds (`low`, `high`; Student's t),
    `difference` from the baseline with its own (paired by seed, see `analysis.intervals.paired_intervals`), how many
    `seeds` have a value and how many `pairs` there are, in what share of its cases the quantity is `defined`, and how
    many seeds of the variant `diverged`. `variants` are in the order of the rows, `legends` says what each column is,
    `notes` what a reader should know.
    """

    frame: pd.DataFrame
    variants: list[str]
    columns: list[str]
    baseline: str
    legends: dict[str, str]
    notes: list[str]

    def wide(self) -> pd.DataFrame:
        """A row per variant: `column`, `column:low`, `column:high`, `column:difference`, … as in summary.parquet."""
        kinds = ("mean", "low", "high", "difference", "difference_low", "difference_high", "seeds", "pairs")
        found = {"variant": self.variants}
        for name in self.columns:
            mine = self.frame[self.frame["column"] == name]
            found |= {name if kind == "mean" else f"{name}:{kind}": mine[kind].to_numpy() for kind in kinds}
        return pd.DataFrame(found)

    def of(self, column: str) -> pd.DataFrame:
        """The rows of one column, a row per variant."""
        return self.frame[self.frame["column"] == column].set_index("variant")


def compare(
    runs: Run | Sequence[Run],
    columns: Sequence[str] | None = None,
    baseline: str | None = None,
    sort: str | None = None,
) -> Comparison:
    """Put the variants of one run, or of several, side by side.

    `columns` are recorded metrics or derived quantities (None: the headline and the usual ones), `baseline` is the
    variant that differences are from (None: the first), `sort` a column: largest first, smallest first with a "-"
    before it (None: as they were run). Raises ComparisonError for what is not there.
    """
    runs = runs if isinstance(runs, Sequence) else [runs]
    runs = list({run.directory.resolve(): run for run in runs}.values())  # each once
    if not runs:
        raise ComparisonError("runs", "there are none to compare")
    by = sort.removeprefix("-") if sort else None
    names = chosen(runs, columns, by)
    variants = variants_of(runs)
    labels = [variant.label for variant in variants]
    base = labels[0] if baseline is None else baseline
    if base not in labels:
        raise ComparisonError("baseline", f"no variant {base!r}; {nearest(base, labels)}")
    parts = {name: column(runs, variants, name, labels.index(base)) for name in names}
    if columns is None:  # a usual column without a value, or with values of one run alone, compares nothing
        run_of = [each.index for each in variants]
        count = {name: part["mean"].notna().groupby(run_of).any().sum() for name, part in parts.items()}
        kept = [name for name in parts if count[name] >= min(len(runs), 2)]
        if not kept:
            raise nothing_in_common(runs)
        parts = {name: part for name, part in parts.items() if name in kept or name == by}
    if not any(part["mean"].notna().any() for part in parts.values()):
        raise ComparisonError("columns", f"no variant has a value of {', '.join(parts)}")
    order = _order(parts, sort)
    frame = pd.concat([part.iloc[order] for part in parts.values()], ignore_index=True)
    counts = [
        (run.readings["diverged"] > 0).groupby(run.readings["point"]).sum() if "diverged" in run.metrics else {}
        for run in runs
    ]
    diverged = {each.label: int(counts[each.index].get(each.point, 0)) for each in variants}  # in how many seeds
    frame["diverged"] = frame["variant"].map(diverged)
    return Comparison(
        frame=frame,
        variants=[labels[index] for index in order],
        columns=list(parts),
        baseline=base,
        legends={name: legend(runs, name, part) for name, part in parts.items()},
        notes=list(_notes(runs, frame, base)),
    )


def _order(parts: dict[str, pd.DataFrame], sort: str | None) -> list[int]:
    """The rows' order."""
    if sort is None:
        return list(range(len(next(iter(parts.values())))))
    means = parts[sort.removeprefix("-")]["mean"].reset_index(drop=True)
    ordered = means.sort_values(ascending=sort.startswith("-"), kind="stable", na_position="last")
    return ordered.index.tolist()


def _notes(runs: Sequence[Run], frame: pd.DataFrame, base: str) -> Iterator[str]:
    """What a reader should know: the spread, the pairs, what diverged, how learning rates were chosen."""
    if frame["seeds"].max() > 1:
        yield "±: 95 % interval of the mean over seeds (Student's t)"
    else:
        yield "one seed: nothing is known about the spread, nor whether a difference is more than chance"
    if len(others := frame[frame["variant"] != base]):
        yield _note_of_pairs(int(others["pairs"].min()), int(others["pairs"].max()), base)
    if count := frame.loc[frame["diverged"] > 0, "variant"].nunique():
        total = frame["variant"].nunique()
        yield f"†: {count} of {total} variants diverged in some seeds; what is not finite is left out of their means"
    sentences = {run.manifest["name"]: fairness(run) for run in runs}
    if len(set(sentences.values())) == 1:
        yield from filter(None, set(sentences.values()))
    else:
        yield from (f"{name}: {sentence}" for name, sentence in sentences.items() if sentence)


def _note_of_pairs(least: int, most: int, base: str) -> str:
    """What differences are, and over how many seeds."""
    if most == 0:
        return f"Δ: no variant has a seed in common with {base}: there are no paired differences"
    seeds = f"{most}" if least == most else f"{least} to {most}"
    method = "bootstrap" if most >= MIN_TO_RESAMPLE else "Student’s t"
    interval = f", with its 95 % interval ({method})" if most > 1 else ""
    return f"Δ: difference from {base}, paired by seed over {seeds} seed{'s' * (most != 1)} in common{interval}"

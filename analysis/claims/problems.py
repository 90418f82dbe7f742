"""What makes a claim impossible to put to a run, found before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..quantities import QUANTITIES, available, derivable, lacking, range_of
from ..quantities.base import ANYTHING, Range
from ..text import did_you_mean
from .cases import counterparts, is_meant
from .closed_forms import CLOSED_FORMS, OF_FITS, SIGNS, predicts

COUNTED = ("update", "rollout")  # what a fit to a recorded metric can be over, besides a swept column
Problem = tuple[str, str]


@dataclass(frozen=True)
class Records:
    """What a run of a scenario will have: metrics with the values they can have, points with theirs, ratios or not."""

    metrics: Mapping[str, Range]
    points: Sequence[Mapping[str, Any]]
    ratios: bool

    @cached_property
    def columns(self) -> list[str]:
        """The swept columns."""
        return sorted({name for values in self.points for name in values})

    @property
    def quantities(self) -> list[str]:
        """All that can be measured."""
        return [*self.metrics, *derivable(self.metrics, self.columns, self.ratios)]


def claim_problems(claim: dict[str, Any], records: Records) -> list[Problem]:
    """Why a claim cannot be put to a run with these records, or could not fail there: (key of the claim, sentence)."""
    return [*_names(claim, records)] or [*_emptiness(claim, records), *_certainty(claim, records)]


def _names(claim: dict[str, Any], records: Records) -> Iterator[Problem]:
    """Names of what there is not, or does not go together."""
    metric, predicted, fit = claim["metric"], claim["predicted"], claim["fit"]
    if metric not in (known := [*records.metrics, *QUANTITIES]):
        yield "metric", f"unknown {metric!r}; {did_you_mean(metric, known)}"
    elif lacks := lacking(metric, available(records.metrics, records.columns, records.ratios)):
        yield "metric", f"{metric} needs {', '.join(lacks)}, which is not recorded"
    if isinstance(predicted, str):
        yield from _prediction(claim)
    if fit is not None:
        counted = QUANTITIES[metric].counts if metric in QUANTITIES else COUNTED
        if fit["over"] not in (known := [*records.columns, *counted]):
            yield "fit.over", f"{metric} is not measured over {fit['over']!r}; {did_you_mean(fit['over'], known)}"
    for key in ("where", "against"):
        for column in claim[key]:
            if column not in records.columns:
                yield key, f"no column {column!r}; {did_you_mean(column, records.columns)}"


def _prediction(claim: dict[str, Any]) -> Iterator[Problem]:
    predicted, kind = claim["predicted"], (claim["fit"] or {}).get("kind")
    if predicted in SIGNS:
        if claim["relation"] != "equal":
            yield "relation", f"a sign is all that is predicted: leave relation = {claim['relation']!r} out"
    elif predicted not in CLOSED_FORMS:
        known = [*CLOSED_FORMS, *SIGNS]
        yield "predicted", f"no closed form {predicted!r}; {did_you_mean(predicted, known)}"
    elif (wanted_kind := OF_FITS[predicted][0] if predicted in OF_FITS else None) != kind:
        wanted = f"a fit of kind {wanted_kind!r}" if wanted_kind else "what is measured, not a fit to it"
        yield "predicted", f"{predicted} predicts {wanted}"
    elif (
        kind is None
        and claim["metric"] not in (known := predicts(predicted))
        and (known or claim["metric"] in QUANTITIES)
    ):
        yield "predicted", f"{predicted} predicts {', '.join(known or ['a recorded metric'])}, not {claim['metric']}"


def _emptiness(claim: dict[str, Any], records: Records) -> Iterator[Problem]:
    """A claim about no variant."""
    meant = [point for point, values in enumerate(records.points) if is_meant(values, claim["where"])]
    if not meant:
        yield "where", f"picks no variant; {_there(claim['where'], records)}"
    elif claim["against"]:
        others = counterparts(records.points, records.columns, claim["against"])
        if all(others[point] < 0 for point in meant):
            yield "against", f"no variant that is meant has another there; {_there(claim['against'], records)}"


def _certainty(claim: dict[str, Any], records: Records) -> Iterator[Problem]:
    """A claim that allows every value there can be."""
    predicted, tolerance, metric = claim["predicted"], claim["tolerance"], claim["metric"]
    if not math.isfinite(tolerance):
        yield "tolerance", "allows every value: a claim has to be one that can fail"
        return
    if isinstance(predicted, str):
        return
    if claim["relation"] == "equal" and 0 < abs(predicted) <= tolerance:
        yield "tolerance", f"{tolerance:g} is as large as what is predicted, {predicted:g}: 0 would do; claim 0 or less"
        return
    least, most = ANYTHING if claim["fit"] else records.metrics.get(metric, range_of(metric))
    if claim["against"]:
        ends = None if least is None or most is None else most - least
        least, most = None if ends is None else -ends, ends
    low = predicted - tolerance if claim["relation"] != "at_most" else -math.inf
    high = predicted + tolerance if claim["relation"] != "at_least" else math.inf
    if low <= (-math.inf if least is None else least) and high >= (math.inf if most is None else most):
        values = f"{'−∞' if least is None else f'{least:g}'} to {'∞' if most is None else f'{most:g}'}"
        yield "tolerance", f"allows every value that {metric} can have ({values}): this claim could not fail"


def _there(wanted: Mapping[str, Any], records: Records) -> str:
    """The values that there are of the columns that a claim names."""
    values = {name: list(dict.fromkeys(repr(point.get(name)) for point in records.points)) for name in wanted}
    return "; ".join(f"{name} is {_some(texts)}" for name, texts in values.items())


def _some(texts: list[str]) -> str:
    shown = [text for text in texts if text != "None"][:12]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown) + ", …" * (len(texts) > 12)

"""What a scenario says about itself, and the claims that its run is put to.

Whether a claim names what there is, and could fail, is known to `analysis.claims`, the one thing of analysis that the
simulator asks: it reads names and bounds, and loads neither tables nor figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from ..errors import did_you_mean, schema_problems
from ..parts import adapter_of, part, to_plain
from ..probes import Metric
from .matching import Point


@part
class Fit:
    """What is fitted to a metric, by least squares and seed by seed, and is claimed instead of its value.

    A "slope" d y / d x, an "elasticity" d ln y / d ln x, or a "half_life", the x after which y is half as large; x is
    what `over` names: a swept column, "update" or "rollout", or "j" of residual_update and jump_response.
    """

    kind: Literal["slope", "elasticity", "half_life"]
    over: str


@part
class Claim:
    """A sentence that a run can prove wrong: a measured quantity against a prediction.

    `metric` is a recorded metric or a quantity that `analysis` derives, `fit` what is fitted to it; `predicted` a
    number, "positive" or "negative", or the name of a closed form; `where` picks variants by the columns of the tables;
    the two must agree within `tolerance`, for a sign by more than that. With `against`, what is measured is a variant's
    value minus that of the variant which differs in just these columns, seed by seed.
    """

    says: str
    metric: str
    predicted: Annotated[float, Field(strict=True)] | str
    tolerance: Annotated[float, Field(strict=True, ge=0)] = 0.0
    fit: Fit | None = None
    relation: Literal["equal", "at_least", "at_most"] = "equal"
    where: dict[str, Any] = field(default_factory=dict)
    against: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@part
class Heading:
    """What a scenario says about itself. `headline` is the metric that its table and sentence are about."""

    title: str
    question: str
    source: str = ""
    headline: str = "ratio/max"
    columns: tuple[str, ...] = ()
    claim: tuple[Claim, ...] = ()


def read_heading(tables: dict[str, Any]) -> tuple[Heading | None, list[tuple[str, str]]]:
    """The heading of a scenario's tables, or the problems that there are with it."""
    head = {key: tables[key] for key in Heading.__dataclass_fields__ if key in tables}
    try:
        return adapter_of(Heading).validate_python(head), []
    except ValidationError as error:
        return None, list(schema_problems(error, Heading, head))


def check_heading(
    heading: Heading, metrics: dict[str, Metric], points: Sequence[Point], overridden: bool
) -> tuple[Heading, list[tuple[str, str]], list[tuple[str, str]]]:
    """Hold headline, columns and claims against what a scenario's run will record.

    Return the heading, the problems, and warnings. Where values are overridden, a claim about variants that are gone is
    left out of the heading, with a warning.
    """
    from ratiodrift.analysis.claims import Records, claim_problems

    records = Records(
        metrics={name: metric.within for name, metric in metrics.items()},
        points=[point.values for point in points],
        ratios=all(point.experiment.record.ratios is not None for point in points),
    )
    kept, problems, warnings = [], [], []
    for index, claim in enumerate(heading.claim):
        found = claim_problems(to_plain(claim), records)
        if overridden and {key for key, _ in found} & {"where", "against"}:
            reason = "; ".join(sentence for _, sentence in found)
            warnings.append((f"claim[{index}]", f"is left out, as things are set: {reason}"))
            continue
        kept.append(claim)
        problems += [(f"claim[{index}].{key}", sentence) for key, sentence in found]
    known = records.quantities
    for key, names in (("headline", [heading.headline]), ("columns", heading.columns)):
        problems += [
            (key, f"no metric {name!r} is recorded; {did_you_mean(name, known)}") for name in names if name not in known
        ]
    return replace(heading, claim=tuple(kept)), problems, warnings

"""What a scenario says about itself, and the claims that its run is put to."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from ..errors import schema_problems
from ..parts import adapter_of, part


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

"""What a run's claims predict, for the figures that draw it over what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..claims import cases
from ..claims.closed_forms import CLOSED_FORMS, SIGNS

if TYPE_CHECKING:
    import pandas as pd

    from ..run.run import Run


def claims_on(run: Run, metric: str) -> list[dict[str, Any]]:
    """The claims that predict values of the metric itself: not of a fit to it, nor its sign, nor a difference."""
    claims = [claim for claim in run.heading["claim"] if claim["metric"] == metric and claim["predicted"] not in SIGNS]
    return [claim for claim in claims if not claim.get("fit") and not claim["against"]]


def has_closed_form(claim: dict[str, Any]) -> bool:
    """Whether a claim's prediction is worked out case by case."""
    return claim["predicted"] in CLOSED_FORMS


def predicted_cases(run: Run, metric: str) -> list[pd.DataFrame]:
    """The cases of each claim that has a closed form for the metric; none that are empty."""
    found = [cases(run, claim) for claim in claims_on(run, metric) if has_closed_form(claim)]
    return [rows for rows in found if len(rows)]

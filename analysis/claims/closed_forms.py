"""The closed forms that a claim can name: from the rows of its cases to what theory predicts for each.

A derived quantity declares its own; those of recorded metrics, and of what is fitted, stand here.
"""

from __future__ import annotations

from ..quantities import QUANTITIES
from ..quantities.base import ClosedForm
from ..theory.adam import half_life
from ..theory.coupling import memoryless_limit

SIGNS = {"positive": 1, "negative": -1}  # predictions that name no number
OF_METRICS: dict[str, ClosedForm] = {
    "memoryless_limit": lambda case: memoryless_limit(case["probability"], case["clip_low"], case["clip_high"]),
}
OF_FITS: dict[str, tuple[str, ClosedForm]] = {  # the kind of fit, and what predicts it
    "adam_half_life": ("half_life", lambda case: half_life(case["b1"].to_numpy(), case["b2"].to_numpy())),
}
CLOSED_FORMS = {
    **{name: form for quantity in QUANTITIES.values() for name, form in quantity.closed_forms.items()},
    **OF_METRICS,
    **{name: form for name, (_, form) in OF_FITS.items()},
}


def predicts(closed_form: str) -> list[str]:
    """The quantities that a closed form predicts; none for one of recorded metrics or of a fit."""
    return [name for name, quantity in QUANTITIES.items() if closed_form in quantity.closed_forms]

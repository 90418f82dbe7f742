"""Numbers and verdicts as a reader meets them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

BOUNDS = {"equal": "", "at_least": "≥ ", "at_most": "≤ "}
MAX_NAMES = 12  # of what there is, in a sentence
VERDICTS = {"holds": "holds", "fails": "fails", "cannot tell": "cannot be judged"}


def number(value: float | None, digits: int = 4) -> str:
    """A number in so many significant digits; '–' for what is undefined."""
    if value is None or math.isnan(value):
        return "–"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}g}"
    return f"{value:.{digits}g}"


def minus(text: str) -> str:
    """The text with the typographic minus, but for exponents: '1e-05' stays."""
    return "".join("−" if sign == "-" and text[at - 1 : at] not in ("e", "E") else sign for at, sign in enumerate(text))


def percent(share: float) -> str:
    """'92 %'; '0.3 %' and '99.7 %' near the ends."""
    near = 0 < share < 0.01 or 0.99 < share < 1
    return f"{100 * share:.1f} %" if near else f"{100 * share:.0f} %"


def with_interval(mean: float, low: float) -> str:
    """'1.580 ± 0.068', the half width rounded to two digits; the mean alone where one seed was run."""
    half = mean - low
    if not math.isfinite(half):
        return number(mean)
    if half <= 1e-12 * max(abs(mean), 1.0):
        return f"{number(mean)} ± 0"
    decimals = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}" if decimals <= 6 else f"{number(mean)} ± {half:.1e}"


def bound(claim: dict[str, Any]) -> str:
    """What a judged claim predicts for the case that differs most: '1.6', '≥ 0.3', '> 0'."""
    sign = {"positive": "> ", "negative": "< "}.get(claim["prediction"], BOUNDS[claim["relation"]])
    return number(None) if claim["predicted"] is None else sign + number(claim["predicted"])


def measured(claim: dict[str, Any]) -> str:
    """A claim's measured value with its interval over seeds, where seeds differ: '1.8 ± 0.1', '0.5 [0.4, 0.7]'."""
    value, low, high = claim["measured"], claim["low"], claim["high"]
    if value is None or low is None or high is None or high - low <= 2e-9 * max(abs(value), 1.0):
        return number(value)
    if math.isclose(value - low, high - value, rel_tol=1e-6):
        return with_interval(value, low)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def claim_summary(claims: list[dict[str, Any]]) -> str:
    """How claims fared: 'All 6 claims hold.', '4 of 6 claims hold, 1 fails, 1 cannot be judged.'; empty without any."""
    held, failed, open_ = (sum(claim["verdict"] == verdict for claim in claims) for verdict in VERDICTS)
    if len(claims) <= 1:
        return "".join(f"The claim {VERDICTS[claim['verdict']]}." for claim in claims)
    if held == len(claims):
        return f"All {len(claims)} claims hold."
    parts = [f"{held} of {len(claims)} claims hold", f"{failed} fail{'s' * (failed == 1)}", f"{open_} cannot be judged"]
    return ", ".join(part for part, count in zip(parts, (1, failed, open_), strict=True) if count) + "."


def did_you_mean(name: str, known: Sequence[str], likely: Sequence[str] = (), between: str = ", ") -> str:
    """'did you mean …?' with the `likely` names or else the nearest known one, or 'there are …' with the known ones."""
    if near := likely or get_close_matches(name, known, n=1, cutoff=0.5):
        return f"did you mean {' or '.join(map(repr, near))}?"
    more = f" and {len(known) - MAX_NAMES:,} more" if len(known) > MAX_NAMES else ""
    return f"there are {between.join(known[:MAX_NAMES])}{more}" if known else "there are none"


def finite(value: Any) -> Any:
    """A value as JSON has it, with all that it holds: None for a number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

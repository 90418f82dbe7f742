"""Verdicts in words: each claim with its sign, what was predicted, what was measured, and where they differ most."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from ..run.run import short
from ..text import number

SIGNS = {"holds": "✓", "fails": "✗", "cannot tell": "?"}
BOUNDS = {"at_least": "at least ", "at_most": "at most ", "positive": "more than ", "negative": "less than "}
ALIKE = 2e-9  # an interval narrower than this, of the value, is rounding


def verdict_list(verdicts: list[dict[str, Any]]) -> str:
    """All claims, in the scenario's order; nothing where it has none."""
    return f"<ol class=verdicts>\n{''.join(map(_item, verdicts))}</ol>" if verdicts else ""


def _item(claim: dict[str, Any]) -> str:
    verdict = claim["verdict"]
    sign = f"<b class=sign><i aria-hidden=true>{SIGNS[verdict]}</i> {verdict}</b>"
    told = [f"<p class=says>{escape(claim['says'])}</p>"]
    if verdict != "holds" and (why := claim.get("why")):
        told.append(f"<p class=why>{escape(why[:1].upper() + why[1:])}.</p>")
    told.append(f"<p>{' '.join(filter(None, (_numbers(claim), _deviation(claim))))}</p>")
    if claim.get("source"):
        told.append(f"<p class=source>{escape(claim['source'])}</p>")
    return f"<li class={verdict.replace(' ', '-')}>{sign}<div>{''.join(told)}</div></li>\n"


def _numbers(claim: dict[str, Any]) -> str:
    """'ratio/max: predicted 1.6, measured 1.615 (95 % interval 1.61 to 1.62 over 16 seeds, Student's t).'"""
    if claim.get("measured") is None:
        return f"{_quantity(claim)}: nothing measured."
    bound = BOUNDS.get(str(claim.get("prediction")), BOUNDS.get(claim["relation"], ""))
    predicted = f"predicted {bound}<b>{number(claim['predicted'])}</b>"
    return f"{_quantity(claim)}: {predicted}, measured <b>{number(claim['measured'])}</b>{_interval(claim)}."


def _quantity(claim: dict[str, Any]) -> str:
    """'slope of update/norm over rollout, less that at b1 = 0'."""
    text = f"<code>{escape(claim['metric'])}</code>"
    if fit := claim.get("fit"):
        text = f"{escape(fit['kind'].replace('_', '-'))} of {text} over {escape(fit['over'])}"
    if against := claim.get("against"):
        others = ", ".join(f"{name} = {short(value)}" for name, value in against.items())
        text += f", less that at {escape(others)}"
    return text


def _interval(claim: dict[str, Any]) -> str:
    """' (95 % interval 1.61 to 1.62 over 16 seeds, Student's t)', as much of it as is known."""
    low, high, seeds = claim.get("low"), claim.get("high"), claim.get("seeds")
    over = f"{seeds:,} seed{'s' * (seeds != 1)}" if seeds else ""
    if low is None or high is None or math.isnan(high - low):
        return f" ({over})" if over else ""
    if high - low <= ALIKE * max(abs(claim["measured"]), 1.0):
        return f" (alike in all {over})" if over and (seeds or 0) > 1 else ""
    method = f", {escape(claim['method'])}" if claim.get("method") else ""
    interval = f"{100 * claim.get('level', 0.95):g} % interval {number(low)} to {number(high)}"
    return f" ({interval}{f' over {over}' if over else ''}{method})"


def _deviation(claim: dict[str, Any]) -> str:
    """Where prediction and measurement differ most, by how much, and by how much they may."""
    deviation, count = claim.get("largest_deviation"), claim.get("cases") or 0
    if deviation is None:
        return ""
    is_sign = claim.get("prediction") in BOUNDS  # of which the tolerance is how far from 0 it has to be
    if claim["relation"] == "equal" and not is_sign:
        told = f"Largest deviation {number(deviation)}"
    elif deviation > 0:
        told = f"{number(deviation)} beyond the bound"
    else:
        told = f"At the least {number(-deviation)} inside the bound" if deviation else "Just at the bound"
    allowed = (
        f", where {number(claim['tolerance'])} is {'asked' if is_sign else 'allowed'}" if claim.get("tolerance") else ""
    )
    of = f", of {count:,} cases" if count > 1 else ""
    return f"{told}{allowed}, at {escape(_place(claim.get('worst_case') or {}))}{of}."


def _place(case: dict[str, Any]) -> str:
    """'adamw, b1 = 0.9, rollout 3, n = 23, j = 10'."""
    counted = {name: value for name, value in case.items() if name != "variant"}
    told = (f"{name} = {value}" if len(name) == 1 else f"{name} {value}" for name, value in counted.items())
    return ", ".join([str(case.get("variant", "the run")), *told])

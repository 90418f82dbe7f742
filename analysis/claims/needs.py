"""What each derived quantity is worked out of, and which values it can have."""

from __future__ import annotations

from collections.abc import Iterable

from ..quantities.axes import scale_axis

RATIOS = "[record] ratios"
SCALE = "an axis over a reward scale"
# What each quantity of analysis/quantities/metrics.py is worked out of: metrics, swept columns, recorded ratios.
NEEDS = {
    "residual_update": ("grad/norm", "update/norm"),
    "first_residual": ("grad/norm", "update/norm"),
    "braking_distance": ("grad/norm", "update/norm"),
    "carried_share": ("drift/coasted", RATIOS),
    "caused_share": ("drift/excess_max", "twin/drift/excess_max"),
    "first_all_clipped": ("clip/active", "grad/norm"),
    "time_outside": ("clip/outside",),
    "restart_update": ("update/norm",),
    "scale_elasticity": ("update/norm", SCALE),
    "local_elasticity": ("grad/norm", "update/norm", SCALE),
    "scale_spread": ("update/displacement", SCALE),
    "jump_response": ("update/norm",),
    "jump_peak": ("update/norm",),
    "expected_bias_at_start": ("prefix/expected_bias",),
    "objective_at_start": ("objective", RATIOS),
    "prefix_weight_at_start": ("prefix/weight", RATIOS),
    "advantage_imbalance": (RATIOS,),
    "movement_imbalance": (RATIOS,),
}

Range = tuple[float | None, float | None]  # None: without an end
SIZE: Range = (0.0, None)
ANYTHING: Range = (None, None)
SIGNED = ("carried_share", "scale_elasticity", "local_elasticity", "objective_at_start", "prefix_weight_at_start")


def derivable(metrics: Iterable[str], columns: Iterable[str], ratios: bool) -> list[str]:
    """The derived quantities that can be worked out of a run which records these metrics, and ratios or not."""
    there = available(metrics, columns, ratios)
    return [name for name in NEEDS if not lacking(name, there)]


def available(metrics: Iterable[str], columns: Iterable[str], ratios: bool) -> set[str]:
    """What a run has that quantities are worked out of."""
    return {*metrics, *([RATIOS] if ratios else []), *([SCALE] if scale_axis(columns) else [])}


def lacking(quantity: str, there: set[str]) -> list[str]:
    """What of that a metric or a quantity lacks."""
    return [name for name in NEEDS.get(quantity, (quantity,)) if name not in there]


def range_of(quantity: str) -> Range:
    """The values that a derived quantity can have."""
    if quantity == "caused_share":
        return None, 1.0
    return ANYTHING if quantity in SIGNED or quantity not in NEEDS else SIZE

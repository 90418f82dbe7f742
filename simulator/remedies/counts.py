"""The counts in optax states that correct or seed a moment: an optimizer's clock, but never a schedule's."""

from typing import Any

import jax.numpy as jnp

from simulator.remedies.states import map_fields

# Left out: ScaleByScheduleState.count and AdEMAMix's count_m2 run schedules alone; the counts of Momo, Prodigy,
# D-Adaptation and Simplified AdEMAMix run a schedule besides; Sophia's says when its Hessian is estimated anew.
COUNTS = {
    "ScaleByAdamState": ("count",),
    "ScaleByAmsgradState": ("count",),
    "ScaleByBeliefState": ("count",),
    "ScaleByLionState": ("count",),
    "ScaleByNovogradState": ("count",),
    "ScaleByRmsWithCountState": ("count",),
    "ScaleByRStdDevWithCountState": ("count",),
    "FactoredState": ("count",),  # Adafactor, whose decay of the second moment is 0 at the first update
    "EmaState": ("count",),
    "MuonState": ("count",),
    "ScaleByAdanState": ("t",),
    "ScaleByAdemamixState": ("count",),
}


def reset_counts(state: Any) -> Any:
    """The state with t = 0: moments stay and are bias-corrected as if they were new (Adam-Rel, at each rollout).

        u = √(1−β2ⁱ) / (1−β1ⁱ) · m / √v   at the i-th update after it (Adam)

    In a steady state that is 0.32 of Adam's first update with β2 = 0.999 and 2.24 of it with β2 = 0.95. ADOPT,
    NovoGrad and Adafactor take their first update for a beginning, and forget the second moment (NovoGrad both).
    Raises ValueError, which names the classes of the state, when there is no such count.
    Reference: Adam on Local Time, arXiv:2412.17113.
    """
    return map_fields(jnp.zeros_like, state, COUNTS, "count of a moment")

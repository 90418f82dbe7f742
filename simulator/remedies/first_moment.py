"""The first moment in any optax state: what an optimizer remembers of past gradients and goes on moving along.

And the counts that correct moments for their beginning. A new optimizer is one entry in each table.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .states import get_fields, map_fields

# What is linear in past gradients without being a first moment stays out: the last gradient or update (Adan's g,
# Rprop's and the optimistic ones' previous), sums over a whole run (of MADGRAD, COCOB, Prodigy, D-Adaptation), iterates
# (schedule-free methods) and the mean that centred RMSProp subtracts (ScaleByRStdDevState.mu).
FIRST_MOMENTS = {
    "ScaleByAdamState": ("mu",),  # also Adamax, ADOPT, LAMB, NAdam, RAdam, Yogi, optimistic Adam, GaLore's base
    "ScaleByAmsgradState": ("mu",),
    "ScaleByBeliefState": ("mu",),  # AdaBelief, ACProp
    "ScaleByLionState": ("mu",),
    "ScaleByNovogradState": ("mu",),
    "ScaleBySM3State": ("nu",),  # optax's mu is SM3's cover of squared gradients
    "TraceState": ("trace",),  # SGD and RMSProp with momentum, LARS
    "EmaState": ("ema",),  # Signum, Adafactor with momentum
    "MuonState": ("mu",),
    "SophiaState": ("mu",),
    "ScaleByAdanState": ("m", "v"),  # of gradients and of their differences: the update follows both
    "ScaleByAdemamixState": ("m1", "m2"),  # fast and slow
    "ScaleBySimplifiedAdEMAMixState": ("m",),
    "MomoState": ("exp_avg",),
    "MomoAdamState": ("exp_avg",),
    "ProdigyState": ("exp_avg",),
    "DAdaptAdamWState": ("exp_avg",),
}

# A schedule's count stays out: ScaleByScheduleState.count, AdEMAMix's count_m2, and the counts that Momo, Prodigy,
# D-Adaptation and Simplified AdEMAMix use for both. So does Sophia's, which says when its Hessian is estimated anew.
COUNTS = {
    "ScaleByAdamState": ("count",),
    "ScaleByAmsgradState": ("count",),
    "ScaleByBeliefState": ("count",),
    "ScaleByLionState": ("count",),
    "ScaleByNovogradState": ("count",),
    "ScaleByRmsWithCountState": ("count",),
    "ScaleByRStdDevWithCountState": ("count",),
    "FactoredState": ("count",),  # Adafactor
    "EmaState": ("count",),
    "MuonState": ("count",),
    "ScaleByAdanState": ("t",),
    "ScaleByAdemamixState": ("count",),
}


def first_moments(state: Any) -> list[Any]:
    """Every first moment in an optax state: trees like the parameters, some with `optax.MaskedNode` for leaves.

    Raises ValueError, which names the classes of the state, when there is none.
    """
    return get_fields(state, FIRST_MOMENTS, "first moment")


def map_first_moments(function: Callable[..., Any], state: Any, *trees: Any) -> Any:
    """The state with m ← function(m, *x) in every leaf m of every first moment, x being the leaves of `trees` there.

    where `trees` are like the parameters. Shapes, dtypes and all else of the state are kept.
    Raises ValueError when there is no first moment, or when one has another shape than its parameter (GaLore keeps
    its moments in a projected space).
    """

    def leaf(moment: Any, *beside: Any) -> Any:
        if _masked(moment):
            return moment
        for other in beside:
            if jnp.shape(other) != moment.shape:
                raise ValueError(f"a first moment of shape {moment.shape} meets a tree of shape {jnp.shape(other)}")
        return jnp.full_like(moment, function(moment, *beside))

    def tree(moment: Any) -> Any:
        return jax.tree.map(leaf, moment, *trees, is_leaf=_masked)

    return map_fields(tree, state, FIRST_MOMENTS, "first moment")


def reset_first_moments(state: Any) -> Any:
    """The state with m = 0: the optimizer forgets where it was going; second moments and counts stay.

    Raises ValueError as `first_moments` does.
    """
    return map_first_moments(jnp.zeros_like, state)


def reset_counts(state: Any) -> Any:
    """The state with t = 0: moments stay and are bias-corrected as if they were new (Adam-Rel, at each rollout).

        u = √(1−β2ⁱ) / (1−β1ⁱ) · m / √v   at the i-th update after it (Adam)

    In a steady state that is 0.32 of Adam's first update with β2 = 0.999 and 2.24 of it with β2 = 0.95 (β1 = 0.9).
    ADOPT, Adafactor and NovoGrad take their next update for the first and forget the second moment, NovoGrad both.
    Raises ValueError, which names the classes of the state, when there is no count of a moment.
    Reference: Adam on Local Time, arXiv:2412.17113.
    """
    return map_fields(jnp.zeros_like, state, COUNTS, "count of a moment")


def _masked(node: Any) -> bool:
    return isinstance(node, optax.MaskedNode)
